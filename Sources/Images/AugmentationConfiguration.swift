/// How views of an image are made: crop, jitter, grey, blur, solarise, flip, normalise, in this order.
///
/// The defaults are those of Krishna et al. (2022) for CIFAR: no blur, no solarisation.
public struct AugmentationConfiguration: Sendable, Equatable {
  /// Side of a view in pixels.
  public var size = 32
  /// Share of the image's area that a crop keeps, drawn uniformly.
  public var cropScale: ClosedRange<Double> = 0.08...1
  /// Width over height of a crop, drawn uniformly in its logarithm.
  public var cropRatio: ClosedRange<Double> = 3.0 / 4...4.0 / 3
  public var interpolation = Interpolation.bicubic
  /// The factor is uniform in [max(0, 1 − s), 1 + s]; 0 switches the stage off.
  public var brightness = 0.4
  /// As `brightness`.
  public var contrast = 0.4
  /// As `brightness`.
  public var saturation = 0.4
  /// The turn of the colour circle is uniform in [−s, s], s ≤ 0.5; 0 switches the stage off.
  public var hue = 0.1
  public var jitterProbability = 0.8
  public var grayscaleProbability = 0.2
  public var blurProbability = 0.0
  /// Standard deviation of the blur in pixels, drawn uniformly.
  public var blurSigma: ClosedRange<Double> = 0.1...2
  public var solarizeProbability = 0.0
  public var flipProbability = 0.5

  public init() {}

  /// - Throws: `AugmentationError` for the first value that no view could be made with.
  public func validate() throws(AugmentationError) {
    func require(_ valid: Bool, _ key: String, _ value: Any, _ rule: String) throws(AugmentationError) {
      guard valid else { throw AugmentationError(key: key, value: "\(value)", rule: rule) }
    }
    try require(size >= 1, "size", size, "at least 1 pixel")
    try require(
      cropScale.lowerBound > 0 && cropScale.upperBound <= 1, "cropScale", cropScale,
      "above 0 and at most 1")
    try require(cropRatio.lowerBound > 0 && cropRatio.upperBound.isFinite, "cropRatio", cropRatio, "above 0")
    for (key, strength) in [
      ("brightness", brightness), ("contrast", contrast), ("saturation", saturation),
    ] {
      try require(strength >= 0 && strength.isFinite, key, strength, "0 or more")
    }
    try require((0...0.5).contains(hue), "hue", hue, "from 0 to 0.5")
    try require(
      blurSigma.lowerBound > 0 && blurSigma.upperBound.isFinite, "blurSigma", blurSigma, "above 0 pixels")
    for (key, probability) in [
      ("jitterProbability", jitterProbability), ("grayscaleProbability", grayscaleProbability),
      ("blurProbability", blurProbability), ("solarizeProbability", solarizeProbability),
      ("flipProbability", flipProbability),
    ] {
      try require((0...1).contains(probability), key, probability, "from 0 to 1")
    }
  }
}

/// A value of `AugmentationConfiguration` that makes no sense.
public struct AugmentationError: Error, Equatable, CustomStringConvertible {
  /// The property of `AugmentationConfiguration`.
  public let key: String
  public let value: String
  public let rule: String

  public var description: String { "augmentation: \(key) is \(value), it must be \(rule)" }
}
