#pragma once

// PNG pictures by libpng, from memory to memory; png.h and its long jumps stay in CPNG.c.

// The library's version, for example "1.6.39".
const char *cpng_library_version(void);
