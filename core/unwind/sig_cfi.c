/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of call-frame sections: CIEs, FDEs, and the search table that linkers
 * put beside .eh_frame. Formats: DWARF 5 section 6.4, LSB 5 "Exception Frames".
 */
#include "core/unwind/sig_cfi.h"

#include <string.h>

#include "core/unwind/sig_read.h"

/* DW_EH_PE_*: the low four bits are the format, the next three the base. */
enum {
    PE_ABSOLUTE = 0x00,
    PE_ULEB = 0x01,
    PE_U2 = 0x02,
    PE_U4 = 0x03,
    PE_U8 = 0x04,
    PE_SLEB = 0x09,
    PE_S2 = 0x0a,
    PE_S4 = 0x0b,
    PE_S8 = 0x0c,
    PE_FORM = 0x0f,
    PE_PCREL = 0x10,
    PE_BASE = 0x70,
    PE_INDIRECT = 0x80,
    PE_OMIT = 0xff,
    PE_DATAREL_S4 = 0x3b,
};

/* Where the parts of an entry are. */
typedef struct entry {
    size_t id_at; /* offset of the CIE id, in an FDE the CIE pointer */
    size_t end;   /* of the entry */
    uint64_t id;  /* the CIE id or CIE pointer */
    bool is_wide; /* 64-bit DWARF */
} entry_t;

static uintptr_t
read_form(evprof_reader_t *r, uint8_t encoding)
{
    switch (encoding & PE_FORM) {
    case PE_ABSOLUTE:
        return (uintptr_t)evprof_read_fixed(r, sizeof(uintptr_t));
    case PE_ULEB:
        return (uintptr_t)evprof_read_uleb(r);
    case PE_U2:
        return (uintptr_t)evprof_read_fixed(r, 2);
    case PE_U4:
        return (uintptr_t)evprof_read_u32(r);
    case PE_U8:
    case PE_S8:
        return (uintptr_t)evprof_read_fixed(r, 8);
    case PE_SLEB:
        return (uintptr_t)evprof_read_sleb(r);
    case PE_S2:
        return (uintptr_t)(int16_t)evprof_read_fixed(r, 2);
    case PE_S4:
        return (uintptr_t)(int32_t)evprof_read_u32(r);
    default:
        r->failed = true;
        return 0;
    }
}

/* A code address: absolute, or relative to where it is stored. */
static uintptr_t
read_address(evprof_reader_t *r, const evprof_cfi_t *cfi, uint8_t encoding)
{
    uintptr_t place = cfi->address + r->at;
    uintptr_t value = read_form(r, encoding);
    switch (encoding & (PE_BASE | PE_INDIRECT)) {
    case 0:
        return value;
    case PE_PCREL:
        return place + value;
    default:
        r->failed = true;
        return 0;
    }
}

static enum evprof_cfi_entry
read_entry(evprof_reader_t *r, const evprof_cfi_t *cfi, entry_t *out)
{
    if (r->at >= r->end) {
        return EVPROF_CFI_END;
    }
    uint64_t length = evprof_read_u32(r);
    out->is_wide = length == 0xffffffff;
    if (out->is_wide) {
        length = evprof_read_fixed(r, 8);
    }
    if (length == 0 && !r->failed) {
        return EVPROF_CFI_END;
    }
    if (r->failed || length > r->end - r->at) {
        return EVPROF_CFI_BAD;
    }
    out->id_at = r->at;
    out->end = r->at + (size_t)length;
    r->end = out->end;
    out->id = evprof_read_fixed(r, out->is_wide ? 8 : 4);
    uint64_t cie_id = 0;
    if (cfi->is_debug_frame) {
        cie_id = out->is_wide ? UINT64_MAX : 0xffffffff;
    }
    return out->id == cie_id ? EVPROF_CFI_CIE : EVPROF_CFI_FDE;
}

/* Reads the augmentation data by their letters, those after 'z'. */
static void
read_augmentation(evprof_reader_t *r, const evprof_cfi_t *cfi,
                  const unsigned char *letters, evprof_fde_t *out)
{
    size_t size = (size_t)evprof_read_uleb(r);
    size_t begin = r->at;
    bool is_known = true;
    for (; *letters != '\0' && is_known; letters++) {
        uint8_t encoding = 0;
        switch (*letters) {
        case 'R':
            out->encoding = evprof_read_u8(r);
            break;
        case 'S':
            out->is_signal = true;
            break;
        case 'L':
            evprof_read_u8(r);
            break;
        case 'P':
            encoding = evprof_read_u8(r);
            if (encoding != PE_OMIT) {
                read_form(r, encoding);
            }
            break;
        case 'B': /* signed with key B */
        case 'G': /* tagged stack memory */
            break;
        default: /* unknown: skip to the end by the size */
            is_known = false;
        }
    }
    (void)cfi;
    r->at = begin;
    evprof_read_skip(r, size);
}

static void
set_usual_cie(evprof_fde_t *out)
{
    out->code_align = EVPROF_USUAL_CODE_ALIGN;
    out->data_align = EVPROF_USUAL_DATA_ALIGN;
    out->ra_reg = EVPROF_REG_RA;
    out->encoding = PE_PCREL | PE_S4;
    out->is_signal = false;
    out->has_sizes = true;
}

static bool
read_cie(const evprof_cfi_t *cfi, size_t offset, evprof_fde_t *out)
{
    evprof_reader_t r = { .data = cfi->data, .at = offset, .end = cfi->size };
    entry_t entry;
    if (read_entry(&r, cfi, &entry) != EVPROF_CFI_CIE) {
        return false;
    }
    out->cie = offset;
    out->is_usual =
        evprof_arch_is_usual_cie(cfi->data + r.at, entry.end - r.at);
    if (out->is_usual) {
        set_usual_cie(out);
        return true;
    }
    uint8_t version = evprof_read_u8(&r);
    size_t letters = r.at;
    while (evprof_read_u8(&r) != 0) {
    }
    if (r.failed || (version != 1 && version != 3 && version != 4)) {
        return false;
    }
    if (version == 4) {
        uint8_t address_size = evprof_read_u8(&r);
        uint8_t segment_size = evprof_read_u8(&r);
        if (address_size != sizeof(uintptr_t) || segment_size != 0) {
            return false;
        }
    }
    out->code_align = evprof_read_uleb(&r);
    out->data_align = evprof_read_sleb(&r);
    out->ra_reg = version == 1 ? evprof_read_u8(&r) : evprof_read_uleb(&r);
    out->encoding = PE_ABSOLUTE;
    out->is_signal = false;
    out->has_sizes = cfi->data[letters] == 'z';
    if (out->has_sizes) {
        read_augmentation(&r, cfi, cfi->data + letters + 1, out);
    } else if (cfi->data[letters] != '\0') {
        return false;
    }
    out->cie_code = r.at;
    out->cie_code_end = entry.end;
    return !r.failed;
}

EVPROF_FLAT enum evprof_cfi_entry
evprof_cfi_entry(const evprof_cfi_t *cfi, size_t offset, evprof_fde_t *out)
{
    evprof_reader_t r = { .data = cfi->data, .at = offset, .end = cfi->size };
    entry_t entry;
    enum evprof_cfi_entry kind = read_entry(&r, cfi, &entry);
    if (kind == EVPROF_CFI_END || kind == EVPROF_CFI_BAD) {
        return kind;
    }
    out->next = entry.end;
    if (kind == EVPROF_CFI_CIE) {
        return kind;
    }
    uint64_t cie = cfi->is_debug_frame ? entry.id : entry.id_at - entry.id;
    if (!out->has_cie || out->cie != cie) {
        out->has_cie = cie < cfi->size && read_cie(cfi, (size_t)cie, out);
        if (!out->has_cie) {
            return EVPROF_CFI_BAD;
        }
    }
    out->start = read_address(&r, cfi, out->encoding);
    out->limit = out->start + read_form(&r, out->encoding & PE_FORM);
    if (out->has_sizes) {
        evprof_read_skip(&r, evprof_read_uleb(&r));
    }
    out->code = r.at;
    out->code_end = entry.end;
    return r.failed || out->limit < out->start ? EVPROF_CFI_BAD
                                               : EVPROF_CFI_FDE;
}

bool
evprof_cfi_search_open(const evprof_cfi_t *cfi, size_t hdr,
                       evprof_cfi_search_t *out)
{
    evprof_reader_t r = { .data = cfi->data, .at = hdr, .end = cfi->size };
    uint8_t version = evprof_read_u8(&r);
    uint8_t frame_encoding = evprof_read_u8(&r);
    uint8_t count_encoding = evprof_read_u8(&r);
    uint8_t table_encoding = evprof_read_u8(&r);
    if (version != 1 || count_encoding == PE_OMIT ||
        table_encoding != PE_DATAREL_S4) {
        return false;
    }
    read_form(&r, frame_encoding);
    out->hdr = hdr;
    out->count = read_form(&r, count_encoding);
    out->first = r.at;
    return !r.failed && out->count > 0 && out->count <= (r.end - r.at) / 8;
}

static inline int32_t
row_word(const evprof_cfi_t *cfi, size_t at)
{
    int32_t out;
    memcpy(&out, cfi->data + at, sizeof(out));
    return out;
}

bool
evprof_cfi_search(const evprof_cfi_t *cfi, const evprof_cfi_search_t *search,
                  uintptr_t pc, size_t *offset)
{
    int64_t want = (int64_t)(pc - cfi->address - search->hdr);
    size_t at = search->first;
    /* Written so that compilers emit no branch, which would be mispredicted
     * half of the time. */
    for (size_t left = search->count; left > 1;) {
        size_t half = left / 2;
        bool is_above = row_word(cfi, at + half * 8) <= want;
        at += is_above ? half * 8 : 0;
        left -= half;
    }
    if (search->count == 0 || row_word(cfi, at) > want) {
        return false;
    }
    *offset = search->hdr + (size_t)(intptr_t)row_word(cfi, at + 4);
    return *offset < cfi->size;
}
