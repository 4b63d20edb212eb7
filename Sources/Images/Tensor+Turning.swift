import Tensors

extension Tensor {
  /// Writes a square image, turned counter-clockwise, to another row of `[rows, channels, size, size]`, NCHW (one
  /// lane).
  ///
  /// Pixel (i, j) of the image turned once is pixel (j, size − 1 − i) of the image: its right column becomes the top
  /// row.
  ///
  /// - Parameter quarters: Turns by 90°.
  package func turn(row: Int, by quarters: Int, to other: Int) {
    precondition(lanes == 1 && height == width && row != other, "only square images are turned")
    let last = width - 1
    // Where the source's position goes by one column and by one row of the result, and where it begins.
    let (start, right, down) =
      switch quarters % 4 {
      case 1: (last, width, -1)
      case 2: (last * width + last, -1, -width)
      case 3: (last * width, -width, 1)
      default: (0, 1, width)
      }
    for channel in 0..<channels {
      let source = pointer + row * rowStride + channel * pixels
      let target = pointer + other * rowStride + channel * pixels
      for i in 0..<height {
        for j in 0..<width { target[i * width + j] = source[start + i * down + j * right] }
      }
    }
  }
}
