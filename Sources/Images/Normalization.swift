import CPixels
import Tensors

/// The mean and standard deviation with which a data set's colours are centred: (value/255 − mean)/std.
public struct Normalization: Sendable, Equatable {
  /// Red, green, blue, as shares of full brightness.
  public let mean: SIMD3<Float>
  /// Red, green, blue, as shares of full brightness, above 0.
  public let deviation: SIMD3<Float>
  /// The normalised value of every byte, `[channel][256]`.
  private let table: [Float]

  public init(mean: SIMD3<Float>, deviation: SIMD3<Float>) {
    precondition(deviation.min() > 0, "a standard deviation of 0 cannot be divided by")
    self.mean = mean
    self.deviation = deviation
    table = (0..<3).flatMap { c in (0..<256).map { (Float($0) / 255 - mean[c]) / deviation[c] } }
  }

  /// Of ImageNet's training images.
  public static let imageNet = Normalization(
    mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])

  /// Writes the image as three normalised planes, red, green and blue (CHW).
  ///
  /// - Parameter planes: `3 · width · height` numbers.
  public func write(_ image: PlanarImage, into planes: UnsafeMutableBufferPointer<Float>) {
    let count = image.count
    precondition(planes.count == 3 * count, "\(image.width)×\(image.height) into \(planes.count) numbers")
    image.planes.withUnsafeBufferPointer { bytes in
      table.withUnsafeBufferPointer { table in
        for c in 0..<3 {
          pixels_look_up(
            count, bytes.baseAddress! + c * count, table.baseAddress! + 256 * c,
            planes.baseAddress! + c * count)
        }
      }
    }
  }

  /// Writes the image to a row of a tensor `[rows, 3, height, width]`, NCHW (one lane).
  public func write(_ image: PlanarImage, to tensor: Tensor, row: Int) {
    precondition(
      tensor.lanes == 1 && tensor.width == image.width && tensor.height == image.height
        && (0..<tensor.rows).contains(row), "row \(row) of \(tensor.rows)")
    write(
      image,
      into: UnsafeMutableBufferPointer(
        start: tensor.pointer + row * tensor.rowStride, count: tensor.rowStride))
  }

  public func write(_ image: RGBImage, into planes: UnsafeMutableBufferPointer<Float>) {
    write(PlanarImage(image), into: planes)
  }
}
