/// How an image is resized: the kernel that weighs source pixels by their distance.
///
/// Source: Pillow, `src/libImaging/Resample.c`. Both kernels antialias: where the image shrinks, the
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
