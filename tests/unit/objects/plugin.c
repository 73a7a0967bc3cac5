/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that says its name. */
const char *plugin_name(void);

const char *
plugin_name(void)
{
    return PLUGIN_NAME;
}
