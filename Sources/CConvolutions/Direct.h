// Direct convolutions: the numbers that a chunk of outputs takes are gathered in a matrix, which the weights multiply.
// Gathering costs a load and a store where the product has as many multiply-adds as there are output channels, and in
// return borders, strides and phases are nothing that the product knows of. Part of a body.

// Which outputs a chunk has.
struct Outputs {
  int count;
  int row[MAXIMAL_OUTPUTS], y[MAXIMAL_OUTPUTS], x[MAXIMAL_OUTPUTS];  // indices along the lines

  Outputs(const Gather &gather, int first, int count) : count(count) {
    const int across = gather.horizontal.count, down = gather.vertical.count;
    int n = first / (across * down), i = first / across % down, j = first % across;
    for (int output = 0; output < count; output++) {
      row[output] = n, y[output] = i, x[output] = j;
      if (++j < across) continue;
      j = 0;
      if (++i < down) continue;
      i = 0;
      n++;
    }
  }
};

static void gather_blocks(const Gather &gather, const Outputs &outputs, const float *from, Blocks out) {
  const Map &map = gather.map;
  for (int v = 0, tap = 0; v < gather.vertical.taps; v++) {
    for (int h = 0; h < gather.horizontal.taps; h++, tap++) {
      ptrdiff_t places[MAXIMAL_OUTPUTS];
      for (int i = 0; i < outputs.count; i++) {
        const int y = gather.vertical.source(outputs.y[i], v), x = gather.horizontal.source(outputs.x[i], h);
        const bool inside = y >= 0 && y < map.height && x >= 0 && x < map.width;
        const size_t pixel = outputs.row[i] * map.row_stride() + ((size_t)y * map.width + x) * map.lanes;
        places[i] = inside ? (ptrdiff_t)pixel : -1;
      }
      const Blocks group = {out.block(tap * blocks_of(map.channels, 16)), out.stride};
      for (int part = 0; part < parts_of(map); part++) {
        const float *const numbers = from + part_offset(map, part);
        float *const place = part_in(group, part);
        for (int i = 0; i < outputs.count; i++) {
          store(place + 16 * i, load(places[i] < 0 ? zeros : numbers + places[i]));
        }
      }
    }
  }
}

// Images in NCHW, through a copy of each with its padding.
struct PaddedImage {
  const Map map;
  const int padding, height, width;
  float *const pixels;  // null for maps that are none
  int row = -1;

  PaddedImage(const Map &map, int padding, Scratch &memory)
      : map(map), padding(padding), height(map.height + 2 * padding), width(map.width + 2 * padding),
        pixels(map.lanes == 1 ? memory.take(padded_count(map, padding)) : nullptr) {}

  void copy(const float *images, int index) {
    if (index == row) return;
    if (row < 0) memset(pixels, 0, padded_count(map, padding) * sizeof *pixels);
    row = index;
    const float *line = images + index * map.row_stride();
    for (int c = 0; c < map.channels; c++) {
      float *to = pixels + ((size_t)c * height + padding) * width + padding;
      for (int y = 0; y < map.height; y++, to += width, line += map.width) memcpy(to, line, map.width * sizeof *to);
    }
  }
};

// Runs of outputs that lie in a line of an image take runs of pixels, for every tap and channel.
static void gather_image(const Gather &gather, const Outputs &outputs, const float *images, PaddedImage &image,
                         float *out) {
  const int stride = gather.horizontal.source_step;
  for (int first = 0, count; first < outputs.count; first += count) {
    const int left = outputs.count - first, in_line = gather.horizontal.count - outputs.x[first];
    count = left < in_line ? left : in_line;
    image.copy(images, outputs.row[first]);
    const float *const start =
        image.pixels + (size_t)gather.vertical.source_step * outputs.y[first] * image.width + stride * outputs.x[first];
    float *to = out + first;
    for (int c = 0; c < image.map.channels; c++) {
      for (int v = 0; v < gather.vertical.taps; v++) {
        const float *const line = start + ((size_t)c * image.height + v) * image.width;
        for (int h = 0; h < gather.horizontal.taps; h++, to += IMAGE_CHUNK) {
          if (stride == 1) {
            for (int i = 0; i < count; i++) to[i] = line[h + i];
          } else if (stride == 2) {
            for (int i = 0; i < count; i++) to[i] = line[h + 2 * i];
          } else {
            for (int i = 0; i < count; i++) to[i] = line[h + stride * i];
          }
        }
      }
    }
  }
}

// What a chunk of outputs takes, side by side in working memory that it does not keep.
struct Gathered {
  const Gather &gather;
  const int outputs;
  Blocks numbers;

  Gathered(const Gather &gather, const Outputs &outputs, const float *from, PaddedImage &image, Scratch memory)
      : gather(gather), outputs(outputs.count), numbers{memory.next, block_stride(outputs.count)} {
    if (is_image()) {
      numbers.stride = 16 * IMAGE_CHUNK;
      gather_image(gather, outputs, from, image, numbers.start);
    } else {
      gather_blocks(gather, outputs, from, numbers);
    }
  }

  bool is_image() const { return gather.map.lanes == 1; }

  // Times the weights.
  void multiply_by(Blocks weights, int panels, Panels results) const {
    const Inner inner = {gather.groups(), gather.channels(), 128 / 16};
    if (is_image()) {
      multiply<Pixels>(outputs, panels, inner, numbers, weights, results);
    } else {
      multiply<Channels>(outputs, panels, inner, numbers, weights, results);
    }
  }
};

static void scatter(const Gather &gather, const Outputs &outputs, const Map &map, Blocks products, float *to) {
  size_t places[MAXIMAL_OUTPUTS];
  for (int i = 0; i < outputs.count; i++) {
    const size_t pixel =
        (size_t)gather.vertical.output(outputs.y[i]) * map.width + gather.horizontal.output(outputs.x[i]);
    places[i] = outputs.row[i] * map.row_stride() + pixel * map.lanes;
  }
  for (int part = 0; part < parts_of(map); part++) {
    const float *const numbers = part_in(products, part);
    float *const place = to + part_offset(map, part);
    for (int i = 0; i < outputs.count; i++) store(place + places[i], load(numbers + 16 * i));
  }
}

// Outputs are taken chunk by chunk. Those of maps that are no smaller than a chunk are taken image by image, so that a
// chunk's outputs are neighbours in the map.
static bool is_by_image(const Gather &gather, int chunk) {
  return gather.horizontal.step == 1 && gather.vertical.step == 1 && gather.outputs() >= chunk;
}
static int chunk_at(const Gather &gather, int first, int rows, int chunk) {
  const int outputs = gather.outputs();
  const int left = is_by_image(gather, chunk) ? outputs - first % outputs : rows * outputs - first;
  return left < chunk ? left : chunk;
}

// Whether such a map has whole panels, which products can be written to and read from.
static bool has_panels(const Map &map) { return map.lanes == 16 || map.blocks() % 2 == 0; }
static Panels panels_in(const Map &map, const Outputs &outputs, const float *numbers) {
  const size_t pixel = (size_t)outputs.y[0] * map.width + outputs.x[0], plane = map.pixels() * map.lanes;
  const float *const start = numbers + outputs.row[0] * map.row_stride() + pixel * map.lanes;
  return {const_cast<float *>(start), 16 / map.lanes * plane, map.lanes == 16 ? 8 : plane, map.lanes};
}

static void direct_run(const convolutions_problem &problem, const float *from, float *weights, float *to,
                       float *scratch) {
  const DirectPlan plan(problem);
  const int chunk = plan.chunk();
  Scratch memory = {scratch};
  const Blocks products = {memory.take(plan.panels() * block_stride(chunk)), block_stride(chunk)};
  PaddedImage image(plan.from, problem.padding, memory);
  // Phases in turns: what they read and write is the same part of the maps.
  const int most = problem.rows * plan.phase(0, 0).outputs();
  for (int first = 0, count; first < most; first += count) {
    float *own_weights = weights;
    count = chunk_at(plan.phase(0, 0), first, problem.rows, chunk);
    for (int v = 0; v < plan.phases; v++) {
      for (int h = 0; h < plan.phases; h++) {
        const Gather gather = plan.phase(v, h);
        const int left = problem.rows * gather.outputs() - first;
        if (left > 0) {
          const Outputs some(gather, first, left < count ? left : count);
          const Gathered gathered(gather, some, from, image, memory);
          const Blocks panels = {own_weights, (size_t)gather.inner() * 16};
          if (is_by_image(gather, chunk) && has_panels(plan.to)) {
            gathered.multiply_by(panels, plan.panels(), panels_in(plan.to, some, to));
          } else {
            gathered.multiply_by(panels, plan.panels(), products);
            scatter(gather, some, plan.to, products, to);
          }
        }
        own_weights += plan.phase_weights(gather);
      }
    }
  }
}

// Adds Σ numbers ⊗ gradients over a chunk, for P panels.
template <class Layout, int R, int P>
static void add_outer(int rows, const float *numbers, Panels gradients, float *out, size_t out_panel) {
  Vector sums[R][P * PARTS];
  outer_some<Layout, R, P>(rows, numbers, gradients, sums);
  UNROLL
  for (int r = 0; r < R; r++) {
    UNROLL
    for (int i = 0; i < P * PARTS; i++) {
      float *const place = out + i / PARTS * out_panel + 16 * r + i % PARTS * WIDTH;
      store(place, load(place) + sums[r][i]);
    }
  }
}

template <class Layout, int P>
static void add_outer_of_panels(const Gather &gather, int rows, Blocks numbers, Panels gradients, float *out,
                                size_t out_panel) {
  const int blocks_in_group = blocks_of(gather.channels(), 16);
  for (int block = 0; block < gather.blocks(); block++) {
    const int channels = gather.channels() - block % blocks_in_group * 16;
#define ADD(R, START)                                                                                  \
  if (START < channels)                                                                                \
  add_outer<Layout, R, P>(rows, numbers.block(block) + Layout::COLUMN * START, gradients,              \
                          out + (block * 16 + START) * 16, out_panel)
    FOR_PARTS_OF_BLOCK(ADD)
#undef ADD
  }
}

template <class Layout>
static void add_outer_of_all(const DirectPlan &plan, const Gathered &gathered, Panels gradients, float *weights) {
  const Gather &gather = gathered.gather;
  const size_t count = plan.gradient_panel(gather);
  for (int panel = 0; panel < plan.panels();) {
    const Panels own = gradients.from(panel, 0);
    float *const out = weights + panel * count;
    if (panel + PANELS <= plan.panels()) {
      add_outer_of_panels<Layout, PANELS>(gather, gathered.outputs, gathered.numbers, own, out, count);
      panel += PANELS;
    } else {
      add_outer_of_panels<Layout, 1>(gather, gathered.outputs, gathered.numbers, own, out, count);
      panel++;
    }
  }
}

static void direct_run_weights(const convolutions_problem &problem, const float *input, float *weights,
                               const float *gradient, float *scratch) {
  const DirectPlan plan(problem);
  const int chunk = plan.chunk();
  const Gather gather = plan.phase(0, 0);
  const Gather own = {plan.to, Line::identity(plan.to.height), Line::identity(plan.to.width)};
  Scratch memory = {scratch};
  const Blocks copy = {memory.take(plan.panels() * block_stride(chunk)), block_stride(chunk)};
  PaddedImage image(plan.from, problem.padding, memory);
  memset(weights, 0, plan.panels() * plan.gradient_panel(gather) * sizeof *weights);
  const int outputs = problem.rows * gather.outputs();
  for (int first = 0, count; first < outputs; first += count) {
    count = chunk_at(gather, first, problem.rows, chunk);
    const Outputs some(gather, first, count);
    const bool in_place = is_by_image(gather, chunk) && has_panels(plan.to);
    if (!in_place) gather_blocks(own, some, gradient, copy);
    const Panels gradients = in_place ? panels_in(plan.to, some, gradient) : Panels(copy);
    const Gathered gathered(gather, some, input, image, memory);
    if (gathered.is_image()) {
      add_outer_of_all<Pixels>(plan, gathered, gradients, weights);
    } else {
      add_outer_of_all<Channels>(plan, gathered, gradients, weights);
    }
  }
}
