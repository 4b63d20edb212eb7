#include "CJPEG.h"

#include <stdio.h>
// stdio.h first: jpeglib.h uses FILE and size_t without including them.
#include <jpeglib.h>

int cjpeg_library_version(void) { return JPEG_LIB_VERSION; }
