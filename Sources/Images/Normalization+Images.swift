import Tensors

extension Normalization {
  /// The image that was written to a row of a tensor `[rows, 3, height, width]`, NCHW (one lane), exactly: bytes lie
  /// much farther apart than rounding errors.
  package func image(ofRow row: Int, of tensor: Tensor) -> RGBImage {
    precondition(tensor.lanes == 1 && (0..<tensor.rows).contains(row), "row \(row) of \(tensor.rows)")
    let values = UnsafeBufferPointer(
      start: tensor.pointer + row * tensor.rowStride, count: tensor.rowStride)
    let pixels = (0..<3 * tensor.pixels).map { place in
      let channel = place % 3
      let value = values[channel * tensor.pixels + place / 3]
      let share = value * deviation[channel] + mean[channel]
      return UInt8(max(0, min(255, (share * 255).rounded())))
    }
    return RGBImage(width: tensor.width, height: tensor.height, pixels: pixels)
  }
}
