/// How a picture is resized: the kernel that weighs source pixels by their distance.
///
/// Source: Pillow, `src/libImaging/Resample.c`. Both kernels antialias: where the picture shrinks, the
/// kernel is widened by the shrinking factor.
public enum Interpolation: String, Sendable, CaseIterable {
  case bicubic
  case bilinear

  /// Half the kernel's width in output pixels.
  var support: Double {
    switch self {
    case .bicubic: 2
    case .bilinear: 1
    }
  }

  /// The kernel at a distance of `x` output pixels; bicubic with a = −1/2 (Keys 1981), bilinear a triangle.
  func weight(_ x: Double) -> Double {
    let x = abs(x)
    switch self {
    case .bilinear:
      return x < 1 ? 1 - x : 0
    case .bicubic:
      if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
      if x < 2 { return (((x - 5) * x + 8) * x - 4) * -0.5 }
      return 0
    }
  }
}

/// The weights with which source pixels of one axis add up to each output pixel, in fixed point.
struct ResamplingWeights {
  /// Fractional bits of a weight: Pillow's 32 − 8 − 2, so that no sum of 8-bit products overflows 32 bits.
  static let precisionBits: Int32 = 22

  /// Weights of one output pixel, those it does not use included.
  let taps: Int
  /// The first source pixel of each output pixel.
  let first: [Int]
  /// How many source pixels each output pixel adds.
  let counts: [Int]
  /// `[output pixel][tap]`, scaled by 2²².
  let values: [Int32]

  /// - Parameters:
  ///   - source: Pixels along the axis; none outside is read.
  ///   - size: Pixels along the axis of the result.
  init(source: Int, size: Int, interpolation: Interpolation) {
    let scale = Double(source) / Double(size)
    let stretch = max(scale, 1)
    let support = interpolation.support * stretch
    let taps = Int(support.rounded(.up)) * 2 + 1
    var first = [Int](repeating: 0, count: size)
    var counts = first
    var values = [Int32](repeating: 0, count: size * taps)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: taps) { row in
      for x in 0..<size {
        let center = (Double(x) + 0.5) * scale
        let low = max(Int(center - support + 0.5), 0)
        let count = min(Int(center + support + 0.5), source) - low
        var total = 0.0
        for k in 0..<count {
          row[k] = interpolation.weight((Double(low + k) - center + 0.5) / stretch)
          total += row[k]
        }
        for k in 0..<count {
          let share = total == 0 ? row[k] : row[k] / total
          let fixed = share * Double(Int32(1) << Self.precisionBits)
          values[x * taps + k] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
        }
        first[x] = low
        counts[x] = count
      }
    }
    self.taps = taps
    self.first = first
    self.counts = counts
    self.values = values
  }
}
