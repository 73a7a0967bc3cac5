/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_PAGE_H
#define EVPROF_WEB_PAGE_H

/* The files of site/, embedded. */

#include <stddef.h>

extern const char evprof_web_shell[];
extern const char evprof_web_file[];
extern const char evprof_web_script[];
extern const size_t evprof_web_script_len;
extern const char evprof_web_style[];
extern const size_t evprof_web_style_len;
extern const char evprof_web_layout[];
extern const size_t evprof_web_layout_len;

#endif
