/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the table of losses as the troubleshooting guide has it. */
#include <stdio.h>

#include "core/base/buf.h"
#include "core/profile/loss.h"

static void
put_profiles(unsigned profiles, evprof_buf_t *out)
{
    const char *comma = "";
    for (unsigned who = 0; who < EVPROF_LOSS_OF_COUNT; who++) {
        if ((profiles >> who & 1) != 0) {
            evprof_buf_printf(out, "%s%s", comma,
                              evprof_loss_name((enum evprof_loss_of)who));
            comma = ", ";
        }
    }
}

int
main(void)
{
    evprof_buf_t out = { 0 };
    for (unsigned cause = 0; cause < EVPROF_LOSS_COUNT; cause++) {
        const evprof_loss_row_t *row = evprof_loss_row((enum evprof_loss)cause);
        evprof_buf_printf(&out, "| `lost_%s` | ", row->key);
        evprof_loss_shape(row->sentence, &out);
        evprof_buf_puts(&out, " | ");
        evprof_loss_shape(row->remedy, &out);
        evprof_buf_puts(&out, " | ");
        put_profiles(row->profiles, &out);
        evprof_buf_puts(&out, " |\n");
    }
    int failed = out.failed || fwrite(out.data, 1, out.len, stdout) != out.len;
    evprof_buf_free(&out);
    return failed;
}
