// Direct convolutions of images in NCHW: a network's first layer. Part of a body.
//
// An image is copied with its padding, and the columns of each line sorted by their remainder modulo the stride. Outputs
// that are neighbours in a line then take neighbours, whatever the tap, which products read where they lie.

struct PaddedImage {
  const Map map;
  const int kernel, stride, padding;
  const int height, width;  // with the padding; of the columns with one remainder
  float *const pixels;      // [channel][line][remainder][column]
  int *const offsets;       // of a channel's tap, from the pixel that the first tap takes

  PaddedImage(const convolutions_problem &p, Scratch &memory)
      : map(input_map(p)), kernel(p.kernel), stride(p.stride), padding(p.padding), height(map.height + 2 * padding),
        width((map.width + 2 * padding + stride - 1) / stride), pixels(memory.take(image_count(p))),
        offsets(reinterpret_cast<int *>(memory.take(image_offsets(p)))) {
    memset(pixels, 0, image_count(p) * sizeof *pixels);
    memset(offsets, 0, image_offsets(p) * sizeof *offsets);
    for (int c = 0, i = 0; c < map.channels; c++) {
      for (int v = 0; v < kernel; v++) {
        for (int h = 0; h < kernel; h++) offsets[i++] = offset(c, v, h);
      }
    }
  }

  int offset(int c, int y, int x) const { return ((c * height + y) * stride + x % stride) * width + x / stride; }

  void copy(const float *image) {
    for (int c = 0; c < map.channels; c++) {
      for (int y = 0; y < map.height; y++, image += map.width) {
        for (int first = 0; first < stride; first++) {
          float *to = pixels + offset(c, y + padding, first + padding);
          for (int x = first; x < map.width; x += stride) *to++ = image[x];
        }
      }
    }
  }
};

// What a line of outputs takes.
struct ImageNumbers {
  enum { ROW = 1 };
  const float *start;
  const int *offsets;

  ImageNumbers(const PaddedImage &image, int y)
      : start(image.pixels + image.offset(0, image.stride * y, 0)), offsets(image.offsets) {}
  ImageNumbers(const float *start, const int *offsets) : start(start), offsets(offsets) {}

  const float *at(int block, int lane) const { return start + offsets[16 * block + lane]; }
  ImageNumbers from_row(int row) const { return {start + row, offsets}; }
};

// A line of outputs in working memory, for maps that have half a panel at their end.
static void scatter_line(const Map &map, Blocks line, float *to) {
  for (int part = 0; part < parts_of(map); part++) {
    const float *const numbers = part_in(line, part);
    float *const place = to + part_offset(map, part);
    for (int x = 0; x < map.width; x++) store(place + (size_t)x * map.lanes, load(numbers + 16 * x));
  }
}
static void gather_line(const Map &map, const float *from, Blocks line) {
  for (int part = 0; part < parts_of(map); part++) {
    const float *const numbers = from + part_offset(map, part);
    float *const place = part_in(line, part);
    for (int x = 0; x < map.width; x++) store(place + 16 * x, load(numbers + (size_t)x * map.lanes));
  }
}

// Calls body(image, y, where the line of outputs begins) for all lines.
template <class Body>
static void for_each_line(const convolutions_problem &problem, const Map &outputs, const float *images,
                          PaddedImage &image, Body body) {
  for (int row = 0; row < problem.rows; row++) {
    image.copy(images + row * image.map.row_stride());
    for (int y = 0; y < outputs.height; y++) {
      body(ImageNumbers(image, y), row * outputs.row_stride() + (size_t)y * outputs.width * outputs.lanes);
    }
  }
}

static void image_run(const convolutions_problem &problem, const float *images, float *weights, float *to,
                      float *scratch) {
  const DirectPlan plan(problem);
  const Map &map = plan.to;
  const Inner inner = inner_of(plan.phase(0, 0));
  const Blocks panels = {weights, (size_t)inner.channels * 16};
  Scratch memory = {scratch};
  PaddedImage image(problem, memory);
  const Blocks line = {memory.take(plan.panels() * block_stride(map.width)), block_stride(map.width)};
  for_each_line(problem, map, images, image, [&](ImageNumbers numbers, size_t start) {
    const bool in_place = has_panels(map);
    const Panels results = in_place ? panels_from(map, to + start) : Panels(line);
    multiply(map.width, plan.panels(), inner, Piece(inner), numbers, panels, results);
    if (!in_place) scatter_line(map, line, to + start);
  });
}

static void image_run_weights(const convolutions_problem &problem, const float *images, float *weights,
                              const float *gradient, float *scratch) {
  const DirectPlan plan(problem);
  const Map &map = plan.to;
  const Inner inner = inner_of(plan.phase(0, 0));
  Scratch memory = {scratch};
  PaddedImage image(problem, memory);
  const Blocks line = {memory.take(plan.panels() * block_stride(map.width)), block_stride(map.width)};
  memset(weights, 0, plan.panels() * plan.gradient_panel(plan.phase(0, 0)) * sizeof *weights);
  for_each_line(problem, map, images, image, [&](ImageNumbers numbers, size_t start) {
    const bool in_place = has_panels(map);
    if (!in_place) gather_line(map, gradient + start, line);
    const Panels gradients = in_place ? panels_from(map, gradient + start) : Panels(line);
    add_outer_of_all(plan, inner, Piece(inner), map.width, numbers, gradients, weights);
  });
}
