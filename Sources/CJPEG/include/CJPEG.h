#pragma once

// JPEG pictures by libjpeg-turbo, from memory to memory; jpeglib.h and its long jumps stay in CJPEG.c.

// The library's version as jpeglib.h has it, for example 62 for its libjpeg 6b interface.
int cjpeg_library_version(void);
