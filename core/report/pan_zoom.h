/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_PAN_ZOOM_H
#define EVPROF_REPORT_PAN_ZOOM_H

/* pan_zoom.js, embedded: moves the group "viewport" of the SVG image it is in.
 */
extern const char evprof_pan_zoom[];

#endif
