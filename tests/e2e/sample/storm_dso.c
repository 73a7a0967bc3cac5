/* SPDX-License-Identifier: Apache-2.0 */
/* Something to load, look up and unload. */
int storm_answer(int question);

__attribute__((visibility("default"))) int
storm_answer(int question)
{
    return question + 1;
}
