import CPixels

/// The weights with which source pixels of one axis add up to each output pixel, in fixed point.
struct ResamplingWeights {
  /// Fractional bits of a weight: Pillow's 32 − 8 − 2, so that no sum of 8-bit products overflows 32 bits.
  private static let precisionBits: Int32 = 22

  /// Pixels along the axis of the result.
  let count: Int
  /// Weights of one output pixel, those it does not use included.
  private let taps: Int
  /// The first source pixel of each output pixel.
  private var first: [Int32]
  /// How many source pixels each output pixel adds.
  private var counts: [Int32]
  /// `[output pixel][tap]`, scaled by 2²².
  private let values: [Int32]

  /// Weights of a part of an axis, resized.
  ///
  /// As Pillow's `crop` to the whole pixels that the part touches, followed by `resize(size, box:)` with the part:
  /// pixels outside never weigh in, those that it touches may, wholly. (`resize(box:)` alone lets pixels outside weigh
  /// in.)
  ///
  /// - Parameters:
  ///   - start: Where the part begins, in source pixels; whole or not.
  ///   - length: Of the part, in source pixels, above 0.
  ///   - size: Pixels that it is resized to.
  ///   - outputs: Those of them that are wanted; nil: all.
  init(
    start: Double, length: Double, size: Int, outputs: Range<Int>? = nil, interpolation: Interpolation
  ) {
    let outputs = outputs ?? 0..<size
    let origin = start.rounded(.down)
    let offset = start - origin
    let source = Int((start + length).rounded(.up) - origin)
    let scale = length / Double(size)
    let stretch = max(scale, 1)
    let support = interpolation.support * stretch
    let taps = Int(support.rounded(.up)) * 2 + 1
    var first = [Int32](repeating: 0, count: outputs.count)
    var counts = first
    var values = [Int32](repeating: 0, count: outputs.count * taps)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: taps) { row in
      for (i, x) in outputs.enumerated() {
        let center = offset + (Double(x) + 0.5) * scale
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
          values[i * taps + k] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
        }
        first[i] = Int32(Int(origin) + low)
        counts[i] = Int32(count)
      }
    }
    count = outputs.count
    self.taps = taps
    self.first = first
    self.counts = counts
    self.values = values
  }

  /// The source pixels that weigh in.
  var source: Range<Int> {
    let ends = zip(first, counts).map { $0 + $1 }
    return Int(first.min()!)..<Int(ends.max()!)
  }

  /// The same weights where source pixel `origin` is the first.
  func relative(to origin: Int) -> ResamplingWeights {
    var weights = self
    for i in weights.first.indices { weights.first[i] -= Int32(origin) }
    return weights
  }

  /// Lends the weights to a kernel.
  func withKernelWeights(_ body: (pixel_weights) -> Void) {
    first.withUnsafeBufferPointer { first in
      counts.withUnsafeBufferPointer { counts in
        values.withUnsafeBufferPointer { values in
          body(
            pixel_weights(
              outputs: Int32(count), taps: Int32(taps), first: first.baseAddress, counts: counts.baseAddress,
              weights: values.baseAddress))
        }
      }
    }
  }
}
