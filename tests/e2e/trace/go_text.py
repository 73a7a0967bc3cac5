#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: go_text.py FILE.test OUT
Writes the trace that a test of Go's package internal/trace has as text, in
bytes. Prints SUCCESS or FAILURE, as the test says a strict reader ends."""
import ast
import re
import sys

NAMES = """EventBatch Stacks Stack Strings String CPUSamples CPUSample Frequency
ProcsChange ProcStart ProcStop ProcSteal ProcStatus GoCreate GoCreateSyscall
GoStart GoDestroy GoDestroySyscall GoStop GoBlock GoUnblock GoSyscallBegin
GoSyscallEnd GoSyscallEndBlocked GoStatus STWBegin STWEnd GCActive GCBegin GCEnd
GCSweepActive GCSweepBegin GCSweepEnd GCMarkAssistActive GCMarkAssistBegin
GCMarkAssistEnd HeapAlloc HeapGoal GoLabel UserTaskBegin UserTaskEnd
UserRegionBegin UserRegionEnd UserLog GoSwitch GoSwitchDestroy GoCreateBlocked
GoStatusStack ExperimentalBatch Sync ClockSnapshot EndOfGeneration""".split()
NUMBER = {name: i + 1 for i, name in enumerate(NAMES)}


def leb(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def main(source, target):
    expect, trace = open(source).read().split("-- trace --\n")
    batches = []
    for line in trace.splitlines()[1:]:
        words = line.split()
        if not words:
            continue
        if line.startswith("\tdata="):
            text = ast.literal_eval(line[len("\tdata="):]).encode()
            batches[-1][1] += leb(len(text)) + text
            continue
        values = [int(v) for v in re.findall(r"=(\d+)", line)]
        if words[0] == "EventBatch":
            batches.append([values[:3], bytearray()])
            continue
        if not line.startswith("\t"):
            if words[0] == "EndOfGeneration":
                batches.append(None)
                continue
            batches[-1][1].append(NUMBER[words[0]])
        batches[-1][1] += b"".join(leb(v) for v in values)
    version = re.match(r"Trace Go1\.(\d+)", trace).group(1)
    with open(target, "wb") as out:
        out.write(b"go 1.%s trace\0\0\0" % version.encode())
        for batch in batches:
            if batch is None:
                out.write(bytes([NUMBER["EndOfGeneration"]]))
                continue
            head, payload = batch
            out.write(b"\1" + b"".join(leb(v) for v in head))
            out.write(leb(len(payload)) + payload)
    print(expect.split()[3])


main(*sys.argv[1:])
