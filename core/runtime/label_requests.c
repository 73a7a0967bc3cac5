/* SPDX-License-Identifier: Apache-2.0 */
/* Set when a configuration comes into force, read by every request. */
#include "core/runtime/label_requests.h"

_Atomic bool evprof_requests_labelled;
