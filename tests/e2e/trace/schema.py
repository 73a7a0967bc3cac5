#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: schema.py FILE
Reads a trace by Perfetto's own schema and checks what its user interface relies
on: no field is unknown to it, every number is defined before it is used, slices
of a track nest, arrows have both ends. Prints what there is, one kind a line."""
import collections
import sys

try:
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as pb
except ImportError:
    print("skipped: the Python package perfetto is not installed")
    sys.exit(0)


def main(path):
    trace = pb.Trace()
    with open(path, "rb") as file:
        trace.ParseFromString(file.read())
    check_known(trace)
    defined = collections.defaultdict(dict)
    tracks, events, counts = {}, [], collections.Counter()
    flags = [p.sequence_flags for p in trace.packet]
    assert flags[0] & 1 and not any(f & 1 for f in flags[1:]), "state is cleared"
    for packet in trace.packet:
        assert packet.trusted_packet_sequence_id == 1
        learn(packet.interned_data, defined)
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            assert track.uuid not in tracks, "a track is described twice"
            assert not track.parent_uuid or track.parent_uuid in tracks
            tracks[track.uuid] = track
        if packet.HasField("track_event"):
            check_event(packet.track_event, defined, tracks)
            events.append((packet.timestamp, packet.track_event))
    events.sort(key=lambda e: e[0])  # stable, as the importer sorts
    depth = collections.Counter()
    starts, ends = collections.Counter(), collections.Counter()
    names = defined["event_names"]
    for time, event in events:
        if event.type == event.TYPE_SLICE_BEGIN:
            depth[event.track_uuid] += 1
            counts["slice " + names[event.name_iid].name] += 1
        elif event.type == event.TYPE_SLICE_END:
            depth[event.track_uuid] -= 1
            assert depth[event.track_uuid] >= 0, "a slice ends that is not there"
        elif event.type == event.TYPE_COUNTER:
            counts["counter " + tracks[event.track_uuid].name] += 1
        else:
            counts["instant " + names[event.name_iid].name] += 1
        starts.update(event.flow_ids)
        ends.update(event.terminating_flow_ids)
        counts["stacks"] += event.callstack_iid != 0
        for note in event.debug_annotations:
            if note.string_value:
                counts[f"note {note.name}={note.string_value}"] += 1
    assert not any(depth.values()), "a slice has no end"
    assert set(ends) <= set(starts), "an arrow ends that did not begin"
    assert set(starts.values()) <= {1}, "two arrows have one number"
    counts["arrows"] = len(ends)
    counts["threads"] = sum(t.HasField("thread") for t in tracks.values())
    for track in tracks.values():
        if track.HasField("thread"):
            counts["thread " + track.thread.thread_name] += 1
    for name, count in sorted(counts.items()):
        print(count, name)


def check_known(message):
    """Whatever the schema does not know would be kept aside."""
    from google.protobuf import unknown_fields
    assert len(unknown_fields.UnknownFieldSet(message)) == 0, "unknown"
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                check_known(part)


def learn(data, defined):
    for field, entries in data.ListFields():
        for entry in entries:
            assert entry.iid != 0 and entry.iid not in defined[field.name], field.name
            defined[field.name][entry.iid] = entry
    for frame in data.frames:
        assert frame.function_name_id in defined["function_names"]
        assert frame.source_path_iid in defined["source_paths"]
        assert frame.mapping_id in defined["mappings"]
    for stack in data.callstacks:
        assert stack.frame_ids
        assert all(f in defined["frames"] for f in stack.frame_ids)


def check_event(event, defined, tracks):
    assert event.track_uuid in tracks, "an event is of no track"
    assert not event.name_iid or event.name_iid in defined["event_names"]
    assert not event.callstack_iid or event.callstack_iid in defined["callstacks"]


main(sys.argv[1])
