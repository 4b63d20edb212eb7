#include "CPNG.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Errors --------------------------------------------------------------------------------------------------------

typedef struct {
  int strict;
  cpng_result result;
  char *message;
} errors;

static _Noreturn void fail(png_structp png, cpng_result result, const char *message) {
  errors *e = png_get_error_ptr(png);
  // The first one counts: what a reader or writer said before libpng turned it into an error of its own.
  if (e->result == CPNG_OK) {
    e->result = result;
    snprintf(e->message, CPNG_MESSAGE_SIZE, "%s", message);
  }
  png_longjmp(png, 1);
}

static void on_error(png_structp png, png_const_charp message) { fail(png, CPNG_DAMAGED, message); }

static void on_warning(png_structp png, png_const_charp message) {
  if (((errors *)png_get_error_ptr(png))->strict) fail(png, CPNG_DAMAGED, message);
}

static void set_up_errors(errors *e, int strict, char *message) {
  e->strict = strict;
  e->result = CPNG_OK;
  e->message = message;
  message[0] = 0;
}

// ---- Decoding ------------------------------------------------------------------------------------------------------

typedef struct {
  const uint8_t *bytes;
  size_t left;
  errors errors;
  png_structp png;
  png_infop info;
  uint8_t *rows;  // one row, or all of an interlaced picture
} decoder;

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  decoder *d = png_get_io_ptr(png);
  if (count > d->left) fail(png, CPNG_TRUNCATED, "it ends too early");
  memcpy(target, d->bytes, count);
  d->bytes += count;
  d->left -= count;
}

// Afterwards the picture can be taken down, whatever happens in between.
static int set_up(decoder *d, const uint8_t *bytes, size_t count, int strict, char *message) {
  memset(d, 0, sizeof *d);
  d->bytes = bytes;
  d->left = count;
  set_up_errors(&d->errors, strict, message);
  d->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d->errors, on_error, on_warning);
  if (d->png != NULL) d->info = png_create_info_struct(d->png);
  if (d->info != NULL) return 1;
  d->errors.result = CPNG_NO_MEMORY;
  snprintf(message, CPNG_MESSAGE_SIZE, "no memory to decode with");
  return 0;
}

static cpng_result take_down(decoder *d) {
  png_destroy_read_struct(&d->png, &d->info, NULL);
  free(d->rows);
  return d->errors.result;
}

// Called where fail() may jump.
static void begin(decoder *d) {
  png_set_read_fn(d->png, d, read_bytes);
  png_set_user_limits(d->png, 1000000, 1000000);
  png_set_chunk_cache_max(d->png, 16);
  png_set_chunk_malloc_max(d->png, 1 << 20);
  png_set_benign_errors(d->png, 1);
  // Everything but the header, the palette and the pixels: their checksums are looked at, and no more.
  png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  // We say ourselves what colours beyond the palette are.
  png_set_check_for_invalid_index(d->png, -1);
  png_read_info(d->png, d->info);
}

// What fail() jumps to lies below the functions that keep the decoder: none of it is left undefined by the jump.
static void read_header(decoder *d, cpng_header *header) {
  if (setjmp(png_jmpbuf(d->png)) != 0) return;
  begin(d);
  header->width = (int)png_get_image_width(d->png, d->info);
  header->height = (int)png_get_image_height(d->png, d->info);
}

cpng_result cpng_read_header(const uint8_t *bytes, size_t count, cpng_header *header, char *message) {
  decoder d;
  if (set_up(&d, bytes, count, 0, message)) read_header(&d, header);
  return take_down(&d);
}

// The 256 colours of a palette, red, green and blue beside each other, and how many of them the file has.
typedef struct {
  int count;
  uint8_t colors[3 * 256];
} palette;

static void read_palette(decoder *d, palette *result) {
  png_colorp colors = NULL;
  result->count = 0;
  png_get_PLTE(d->png, d->info, &colors, &result->count);
  for (int i = 0; i < 256; i++) {
    uint8_t *to = result->colors + 3 * i;
    if (i < result->count) {
      to[0] = colors[i].red;
      to[1] = colors[i].green;
      to[2] = colors[i].blue;
    } else {
      to[0] = to[1] = to[2] = (uint8_t)i;
    }
  }
}

static void write_numbers_as_rgb(decoder *d, const palette *palette, const uint8_t *numbers, int count, uint8_t *rgb) {
  int largest = 0;
  for (int x = 0; x < count; x++) {
    memcpy(rgb + 3 * x, palette->colors + 3 * numbers[x], 3);
    if (numbers[x] > largest) largest = numbers[x];
  }
  if (largest >= palette->count) on_warning(d->png, "a colour lies beyond the palette");
}

static void *allocate(decoder *d, size_t count) {
  d->rows = malloc(count);
  if (d->rows == NULL) fail(d->png, CPNG_NO_MEMORY, "no memory for its rows");
  return d->rows;
}

static void decode(decoder *d, cpng_box box, palette *palette, uint8_t *rgb) {
  if (setjmp(png_jmpbuf(d->png)) != 0) return;
  begin(d);
  const png_structp png = d->png;
  const int width = (int)png_get_image_width(png, d->info), height = (int)png_get_image_height(png, d->info);
  if (box.left < 0 || box.top < 0 || box.width <= 0 || box.height <= 0 || box.left > width - box.width ||
      box.top > height - box.height)
    fail(png, CPNG_DAMAGED, "the part asked for lies outside the picture");

  const int is_palette = png_get_color_type(png, d->info) == PNG_COLOR_TYPE_PALETTE;
  if (is_palette) {
    read_palette(d, palette);
    png_set_packing(png);
  } else {
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
  }
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, d->info);
  const size_t channels = png_get_channels(png, d->info), row_bytes = png_get_rowbytes(png, d->info);
  if (row_bytes != channels * (size_t)width || (channels != 1 && channels != 3))
    fail(png, CPNG_DAMAGED, "its rows are not what was asked for");

  const size_t target_bytes = 3 * (size_t)box.width;
  const int is_direct = channels == 3 && box.width == width && passes == 1;
  uint8_t *row = NULL;
  if (passes > 1) {
    row = allocate(d, row_bytes * (size_t)height);
    for (int pass = 0; pass < passes; pass++)
      for (int y = 0; y < height; y++) png_read_row(png, row + row_bytes * (size_t)y, NULL);
    row += row_bytes * (size_t)box.top;
  } else {
    for (int y = 0; y < box.top; y++) png_read_row(png, NULL, NULL);
    if (!is_direct) row = allocate(d, row_bytes);
  }
  for (int y = 0; y < box.height; y++, rgb += target_bytes) {
    if (passes == 1) png_read_row(png, is_direct ? rgb : row, NULL);
    if (is_direct) continue;
    const uint8_t *source = row + channels * (size_t)box.left;
    if (is_palette) {
      write_numbers_as_rgb(d, palette, source, box.width, rgb);
    } else if (channels == 1) {
      for (int x = 0; x < box.width; x++) rgb[3 * x] = rgb[3 * x + 1] = rgb[3 * x + 2] = source[x];
    } else {
      memcpy(rgb, source, target_bytes);
    }
    if (passes > 1) row += row_bytes;
  }
  if (d->errors.strict && box.top + box.height == height) png_read_end(png, NULL);
}

cpng_result cpng_decode(const uint8_t *bytes, size_t count, cpng_box box, int strict, uint8_t *rgb, char *message) {
  decoder d;
  palette palette;
  if (set_up(&d, bytes, count, strict, message)) decode(&d, box, &palette, rgb);
  return take_down(&d);
}

// ---- Encoding ------------------------------------------------------------------------------------------------------

typedef struct {
  errors errors;
  png_structp png;
  png_infop info;
  uint8_t *bytes;
  size_t count, capacity;
} encoder;

static void write_bytes(png_structp png, png_bytep source, size_t count) {
  encoder *e = png_get_io_ptr(png);
  if (count > e->capacity - e->count) {
    const size_t capacity = 2 * e->capacity + count + (1 << 14);
    uint8_t *bytes = realloc(e->bytes, capacity);
    if (bytes == NULL) fail(png, CPNG_NO_MEMORY, "no memory for the encoded picture");
    e->bytes = bytes;
    e->capacity = capacity;
  }
  memcpy(e->bytes + e->count, source, count);
  e->count += count;
}

static void flush(png_structp png) { (void)png; }

static void encode(encoder *e, const uint8_t *rgb, int width, int height) {
  if (setjmp(png_jmpbuf(e->png)) != 0) return;
  png_set_write_fn(e->png, e, write_bytes, flush);
  png_set_IHDR(e->png, e->info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(e->png, e->info);
  for (int y = 0; y < height; y++) png_write_row(e->png, rgb + 3 * (size_t)width * (size_t)y);
  png_write_end(e->png, e->info);
}

cpng_result cpng_encode(const uint8_t *rgb, int width, int height, uint8_t **bytes, size_t *count, char *message) {
  encoder e;
  memset(&e, 0, sizeof e);
  set_up_errors(&e.errors, 0, message);
  e.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &e.errors, on_error, on_warning);
  if (e.png != NULL) e.info = png_create_info_struct(e.png);
  if (e.info != NULL) {
    encode(&e, rgb, width, height);
  } else {
    e.errors.result = CPNG_NO_MEMORY;
    snprintf(message, CPNG_MESSAGE_SIZE, "no memory to encode with");
  }
  png_destroy_write_struct(&e.png, &e.info);
  if (e.errors.result != CPNG_OK) {
    free(e.bytes);
    return e.errors.result;
  }
  *bytes = e.bytes;
  *count = e.count;
  return CPNG_OK;
}
