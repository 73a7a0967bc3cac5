/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_HTML_H
#define EVPROF_BASE_HTML_H

#include "core/base/buf.h"

/*
 * Appends `text` so that it is text, or the value of a quoted attribute, of an
 * HTML page and of an XML file alike. What no XML file may hold, control
 * characters and bytes that are no UTF-8, becomes U+FFFD.
 */
void evprof_html_escape(evprof_buf_t *out, const char *text);

#endif
