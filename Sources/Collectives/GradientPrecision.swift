/// How gradients travel between ranks; they are added in float either way.
public enum GradientPrecision: String, CaseIterable, Sendable {
  case f32
  /// Half the traffic: bfloat16 numbers, 8 significant bits. Every rank's gradient and then the sum are rounded to
  /// nearest, ties to even, so that all ranks hold the same bits; but not those of another number of ranks, nor of one
  /// rank, whose gradients do not travel. The sum is off by up to 2⁻⁹ of itself and of each rank's gradient.
  case bf16

  /// Of one gradient under way.
  public var bytes: Int { width.bytes }

  var width: NumberWidth { self == .f32 ? .four : .two }
}
