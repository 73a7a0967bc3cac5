/* SPDX-License-Identifier: Apache-2.0 */
/* A program by whose symbols it seems to have ThreadSanitizer in it. */
void __tsan_init(void); // NOLINT: its own name

void
__tsan_init(void) // NOLINT
{
}

int
main(void)
{
    return 0;
}
