# SPDX-License-Identifier: Apache-2.0
# Two outputs of a symbolizer, block by block: what differs, with an example of
# each kind. Clone suffixes and columns do not count.
function base(path) { sub(/.*\//, "", path); return path }
function plain(name) {
    gsub(/\.(cold|isra|part|constprop|lto_priv|llvm|abi0)(\.[0-9]+)*/, "", name)
    return name
}
function judge(n,   i, d, m, a, b) {
    d = depth[1, n]; m = depth[2, n]
    if (name[1, n, 0] == "??" && name[2, n, 0] == "??") return "equal"
    if (name[1, n, d - 1] == "??") return "only llvm knows it"
    if (name[2, n, m - 1] == "??") return "only we know it"
    if (d != m) return d < m ? "we have fewer frames" : "we have more frames"
    for (i = 0; i < d; i++) {
        if (file[1, n, i] != file[2, n, i]) {
            if (file[1, n, i] == "??" && line[2, n, i] == 0)
                return "no line: llvm names the file of the symbol"
            return (file[2, n, i] == "??" || file[2, n, i] == "") ? "file: llvm has none" : "file"
        }
        if (line[1, n, i] != line[2, n, i])
            return line[2, n, i] == 0 ? "line: llvm has none" : "line"
    }
    for (i = 0; i < d - 1; i++)
        if (name[1, n, i] != name[2, n, i]) return "name of an inlined call"
    # Versions of a symbol are the same name.
    a = name[1, n, d - 1]; b = name[2, n, d - 1]
    sub(/@.*/, "", a); sub(/@.*/, "", b)
    return a == b ? "equal" : "alias of the function"
}
FNR == 1 { side++; n = 0; k = 0; is_name = 1 }
/^$/ { if (k > 0) { depth[side, n] = k; n++ } k = 0; is_name = 1; blocks[side] = n; next }
is_name { name[side, n, k] = plain($0); is_name = 0; next }
{
    m = split($0, part, ":")
    line[side, n, k] = part[m - 1]
    path = $0
    sub(/:[0-9?]*:[0-9?]*$/, "", path)
    file[side, n, k] = base(path)
    k++
    is_name = 1
}
END {
    for (i = 0; i < blocks[1]; i++) {
        kind = judge(i)
        count[kind]++
        if (!(kind in example)) example[kind] = i
    }
    printf "  %6d equal (%.2f %%)\n", count["equal"], 100 * count["equal"] / blocks[1]
    for (kind in count) {
        if (kind == "equal") continue
        i = example[kind]
        printf "  %6d %s, as %s (%s:%s) and %s (%s:%s)\n", count[kind], kind,
            name[1, i, 0], file[1, i, 0], line[1, i, 0],
            name[2, i, 0], file[2, i, 0], line[2, i, 0]
    }
}
