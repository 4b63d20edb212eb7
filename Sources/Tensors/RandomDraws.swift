import Foundation

/// What random numbers are drawn for. Two purposes never share a number.
public enum RandomPurpose: UInt32, Sendable {
  case initialWeights = 1
  case shuffle = 2
  case augmentation = 3
  case gateNoise = 4
  case dataset = 5
  /// Numbers for tests and benchmarks.
  case test = 6
  /// The order of images in packed shards.
  case packing = 7
  /// Images that are drawn to estimate how an accuracy spreads.
  case bootstrap = 8
  /// Images that are kept from a classifier, to choose its setting by.
  case holdout = 9
  /// Images whose labels a network is fine-tuned with.
  case labelShare = 10
  /// What an image's row of a memory bank begins as.
  case memoryBank = 11
  /// Images that an image is told apart from.
  case noise = 12
  /// Weights that are pruned by chance.
  case pruning = 13
  /// Who repeats whose part of a step.
  case audit = 14
}

/// All random numbers of one purpose for one image of one epoch: a function, not a stream.
///
/// Key and counter (docs/architecture.md, "Three ideas"): key = seed, counter = (draw / 4, index in the data set,
/// epoch, purpose·2²⁴ + layer·2⁸ + view). A number therefore depends on neither ranks nor threads, and resuming a
/// run needs no generator state.
public struct RandomDraws: Sendable {
  public let seed: UInt64
  private let index: UInt32
  private let epoch: UInt32
  private let stream: UInt32

  /// - Parameters:
  ///   - index: The image's index in the data set.
  ///   - layer: The gate or parameter the numbers are for, below 65,536.
  ///   - view: Which augmented view of the image, below 256.
  public init(
    seed: UInt64, purpose: RandomPurpose, index: Int = 0, epoch: Int = 0, layer: Int = 0, view: Int = 0
  ) {
    precondition(layer < 1 << 16 && view < 1 << 8, "layer and view share 24 bits of the counter")
    self.seed = seed
    self.index = UInt32(truncatingIfNeeded: index)
    self.epoch = UInt32(truncatingIfNeeded: epoch)
    stream = purpose.rawValue << 24 | UInt32(layer) << 8 | UInt32(view)
  }

  /// Draws 4·`number` to 4·`number` + 3 at once.
  @inline(__always)
  public func block(_ number: Int) -> SIMD4<UInt32> {
    Philox.block(key: seed, counter: SIMD4(UInt32(truncatingIfNeeded: number), index, epoch, stream))
  }

  /// 32 random bits.
  @inline(__always)
  public func bits(_ draw: Int) -> UInt32 { block(draw >> 2)[draw & 3] }

  /// A number of U[0, 1), a multiple of 2⁻²⁴.
  @inline(__always)
  public func uniform(_ draw: Int) -> Float { Self.unit(bits(draw)) }

  /// (bits >> 8)·2⁻²⁴.
  @inline(__always)
  public static func unit(_ bits: UInt32) -> Float { Float(bits >> 8) * 0x1p-24 }

  /// Replaces `values` by draws 0, 1, 2, … of U[0, 1).
  public func fillUniform(_ values: UnsafeMutableBufferPointer<Float>) {
    for start in stride(from: 0, to: values.count, by: 4) {
      let four = block(start >> 2)
      for lane in 0..<min(4, values.count - start) { values[start + lane] = Self.unit(four[lane]) }
    }
  }

  /// Replaces `values` by draws 0, 1, 2, … of U[0, 1).
  public func fillUniform(_ values: inout [Float]) {
    values.withUnsafeMutableBufferPointer { fillUniform($0) }
  }

  /// A number of N(0, 1), by Box and Muller from the uniforms 2·`draw` and 2·`draw` + 1.
  public func normal(_ draw: Int) -> Float {
    let u = 1 - Double(uniform(2 * draw))  // in (0, 1], so that its logarithm is finite
    let v = Double(uniform(2 * draw + 1))
    return Float((-2 * log(u)).squareRoot() * cos(2 * Double.pi * v))
  }

  /// A whole number of 0 ..< `bound`, by multiplication and shift (bias below `bound`·2⁻³²).
  public func integer(_ draw: Int, below bound: Int) -> Int { Self.integer(bits(draw), below: bound) }

  /// As draws 0, 1, … ..< `count` of `integer(_:below:)`.
  public func integers(_ count: Int, below bound: Int) -> [Int] {
    (0..<(count + 3) / 4).flatMap { number in
      let four = block(number)
      return (0..<min(4, count - 4 * number)).map { Self.integer(four[$0], below: bound) }
    }
  }

  private static func integer(_ bits: UInt32, below bound: Int) -> Int {
    Int((UInt64(bits) * UInt64(bound)) >> 32)
  }

  /// Puts what `values` has in `range` into a random order, by Fisher and Yates.
  public func shuffle<Element>(_ values: inout [Element], in range: Range<Int>) {
    for last in stride(from: range.count - 1, to: 0, by: -1) {
      let other = integer(range.count - 1 - last, below: last + 1)
      values.swapAt(range.lowerBound + last, range.lowerBound + other)
    }
  }

  /// 0 ..< `count` in a random order.
  public func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order, in: 0..<count)
    return order
  }
}
