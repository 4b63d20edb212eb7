import CPixels
import Foundation

extension PlanarImage {
  /// The image under a true Gaussian, cut off beyond ⌈3σ⌉ pixels, borders reflected without repeating the
  /// outermost pixel (… 2 1 0 1 2 …).
  ///
  /// Not Pillow's `GaussianBlur`, which approximates by boxes.
  /// - Parameter sigma: Standard deviation in pixels, above 0.
  /// - Returns: Three planes of numbers of 0 … 255, not rounded.
  public func gaussianBlurred(sigma: Double) -> [Float] {
    let blur = GaussianBlur(sigma: sigma, width: width, height: height)
    return [Float](unsafeUninitializedCapacity: 3 * count) { result, initialized in
      planes.withUnsafeBufferPointer { planes in
        for c in 0..<3 {
          blur.apply(to: planes.baseAddress! + c * count, into: result.baseAddress! + c * count)
        }
      }
      initialized = 3 * count
    }
  }

  /// Blurs in place and rounds to 8 bits, so that later stages see what they would see after any other.
  mutating func blur(sigma: Double) {
    let blur = GaussianBlur(sigma: sigma, width: width, height: height)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { blurred in
      withPlanes { [count] planes in
        for c in 0..<3 {
          blur.apply(to: planes + c * count, into: blurred.baseAddress!)
          // Weights add up to 1 only to rounding: white could reach 255.00002, which rounds to 255.
          pixels_round(count, blurred.baseAddress, planes + c * count)
        }
      }
    }
  }
}

/// A Gaussian's weights, and which pixels they meet in images of one size.
private struct GaussianBlur {
  let width: Int
  let height: Int
  let radius: Int
  /// Of the places −radius … radius.
  let weights: [Float]
  /// The pixels that stand for the places −radius ..< size + radius of a row and of a column.
  let columns: [Int32]
  let lines: [Int32]

  init(sigma: Double, width: Int, height: Int) {
    precondition(sigma > 0, "a Gaussian needs a positive width")
    self.width = width
    self.height = height
    radius = Int((3 * sigma).rounded(.up))
    var kernel = (-radius...radius).map { exp(-0.5 * (Double($0) / sigma) * (Double($0) / sigma)) }
    let total = kernel.reduce(0, +)
    for i in kernel.indices { kernel[i] /= total }
    weights = kernel.map { Float($0) }
    columns = Self.reflected(width, radius)
    lines = Self.reflected(height, radius)
  }

  /// Blurs one plane, along rows and then along columns.
  func apply(to plane: UnsafePointer<UInt8>, into result: UnsafeMutablePointer<Float>) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: width + 2 * radius + width * height) { scratch in
      pixels_blur(
        plane, Int32(width), Int32(height), Int32(radius), weights, columns, lines, scratch.baseAddress,
        result)
    }
  }

  private static func reflected(_ size: Int, _ radius: Int) -> [Int32] {
    guard size > 1 else { return Array(repeating: 0, count: size + 2 * radius) }
    let period = 2 * (size - 1)
    return (-radius..<size + radius).map { position in
      let inside = ((position % period) + period) % period
      return Int32(inside < size ? inside : period - inside)
    }
  }
}
