import Tensors

/// Numbers of very different magnitudes and both signs, a function of where they stand: sums of them depend
/// on the order of addition, and every rank can work out what the others hold.
enum SyntheticNumbers {
  static func double(_ owner: Int, _ index: Int) -> Double {
    let bits = Philox.block(
      key: 17, counter: SIMD4(UInt32(index), UInt32(owner), 0, 0))
    let fraction = Double(Int32(bitPattern: bits.x)) / 0x1p31
    return fraction * Double(sign: .plus, exponent: Int(bits.y % 24) - 12, significand: 1)
  }

  static func float(_ owner: Int, _ index: Int) -> Float {
    Float(double(owner, index))
  }
}
