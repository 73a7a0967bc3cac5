#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Squid's helper for NTLM: sends a challenge and judges the answer as a domain
# controller does (NTLMv2, MS-NLMP 3.3.2). Only sh, od, perl-base and openssl.
# usage: ntlm_check.sh USER PASSWORD; requests on standard input
challenge=0123456789abcdef

to_hex() {
    od -An -v -tx1 | tr -d ' \n'
}

to_bytes() {
    perl -e 'print pack("H*", $ARGV[0])' "$1"
}

# utf16 TEXT: in hexadecimal; names and passwords here are ASCII.
utf16() {
    printf '%s' "$1" | to_hex | sed 's/../&00/g'
}

# hmac KEY DATA: HMAC-MD5, all in hexadecimal.
hmac() {
    to_bytes "$2" | openssl dgst -md5 -mac HMAC -macopt "hexkey:$1" |
        sed 's/.*= //'
}

# field OFFSET: what the length and offset at that byte of $message point to.
field() {
    set -- "$(printf '%s' "$message" | cut -c "$(($1 * 2 + 1))-$(($1 * 2 + 16))")"
    len=$(printf '%d' "0x$(echo "$1" | cut -c3-4)$(echo "$1" | cut -c1-2)")
    at=$(printf '%d' "0x$(echo "$1" | cut -c11-12)$(echo "$1" | cut -c9-10)")
    [ "$len" -eq 0 ] ||
        printf '%s' "$message" | cut -c "$((at * 2 + 1))-$(((at + len) * 2))"
}

hash=$(to_bytes "$(utf16 "$2")" |
    openssl dgst -md4 -provider legacy -provider default | sed 's/.*= //')

# Unicode, NTLM, extended security, target information: a domain named "T".
type2=4e544c4d5353500002000000000000003000000001028800${challenge}
type2=${type2}00000000000000000a000a0030000000020002005400000000000000

while read -r word answer; do
    case $word in
    YR)
        echo "TT $(to_bytes "$type2" | openssl base64 -A)"
        ;;
    KK)
        message=$(echo "$answer" | openssl base64 -d -A | to_hex)
        response=$(field 20) domain=$(field 28) user=$(field 36)
        upper=$(utf16 "$(printf '%s' "$1" | tr '[:lower:]' '[:upper:]')")
        key=$(hmac "$hash" "$upper$domain")
        blob=$(printf '%s' "$response" | cut -c33-)
        proof=$(printf '%s' "$response" | cut -c1-32)
        if [ "$user" = "$(utf16 "$1")" ] &&
            [ "$proof" = "$(hmac "$key" "$challenge$blob")" ]; then
            echo "AF $1"
        else
            echo "NA wrong password"
        fi
        ;;
    *) echo "BH no such request" ;;
    esac
done
