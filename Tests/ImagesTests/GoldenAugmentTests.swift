import Foundation
import Testing

@testable import Images

/// Every stage of every case of the golden folder whose source stage is stored, driven by `meta.json`.
@Suite(.enabled(if: AugmentGolden.folder != nil, "SLUICE_GOLDEN names no folder with augment/meta.json"))
struct GoldenAugmentTests {
  /// Without this, a file that cannot be read would pass as no cases at all.
  @Test func goldenCasesAndSourcesAreRead() {
    #expect(!AugmentGolden.cases.isEmpty)
    #expect(AugmentGolden.tensors.keys.contains { $0.hasSuffix(".decoded") })
  }

  @Test(arguments: AugmentGolden.cases)
  func goldenCrop(c: AugmentCase) throws {
    guard let source = try c.image("decoded", c.source_size) else { return }
    for interpolation in Interpolation.allCases {
      let crop = source.resizedCrop(
        c.box.cropBox, width: c.output_size, height: c.output_size, interpolation: interpolation)
      let expected = try #require(try c.image("crop_\(interpolation.rawValue)"))
      #expect(crop == expected, "case \(c.index), \(interpolation)")
    }
  }

  @Test(arguments: AugmentGolden.cases)
  func goldenJitter(c: AugmentCase) throws {
    var image = PlanarImage(try #require(try c.image("crop_bicubic")))
    for name in c.order {
      image.apply(try c.stage(name))
      let expected = try #require(try c.image("jitter_\(name)"))
      #expect(image.interleaved == expected, "case \(c.index), \(name)")
      image = PlanarImage(expected)
    }
  }

  @Test(arguments: AugmentGolden.cases)
  func goldenGraySolarizedFlipped(c: AugmentCase) throws {
    let source = PlanarImage(try c.lastJitter())
    var grey = source
    grey.convertToGrayscale()
    #expect(try grey.interleaved == c.image("grey"), "case \(c.index)")
    var solarized = source
    solarized.solarize()
    #expect(try solarized.interleaved == c.image("solarised"), "case \(c.index)")
    var flipped = source
    flipped.flipHorizontally()
    #expect(try flipped.interleaved == c.image("flipped"), "case \(c.index)")
  }

  /// The stored floats lie plane by plane (CHW), though their header says [height, width, 3].
  @Test(arguments: AugmentGolden.cases)
  func goldenBlurred(c: AugmentCase) throws {
    let blurred = PlanarImage(try c.lastJitter()).gaussianBlurred(sigma: c.blur_sigma)
    let expected = try #require(try c.floats("blurred"))
    try #require(blurred.count == expected.count)
    let difference = zip(blurred, expected).map { abs($0 - $1) }
    #expect(difference.max()! < 5e-4, "case \(c.index)")
  }

  @Test(arguments: AugmentGolden.cases)
  func goldenNormalized(c: AugmentCase) throws {
    let source = try c.lastJitter()
    let normalization = Normalization(
      mean: SIMD3(c.mean.map { Float($0) }), deviation: SIMD3(c.std.map { Float($0) }))
    var planes = [Float](repeating: .nan, count: source.pixels.count)
    planes.withUnsafeMutableBufferPointer { normalization.write(source, into: $0) }
    let expected = try #require(try c.floats("normalised"))
    #expect(zip(planes, expected).allSatisfy { abs($0 - $1) <= 1e-6 }, "case \(c.index)")
  }

  @Test(arguments: AugmentGolden.cases)
  func goldenEvaluation(c: AugmentCase) throws {
    guard let expected = try c.image("evaluation"), let source = try c.image("decoded", c.source_size)
    else { return }
    #expect(source.evaluationCrop(shorterSide: 256, side: 224) == expected, "case \(c.index)")
  }

  /// The whole pipeline at once, each stage from our own previous one.
  @Test(arguments: AugmentGolden.cases)
  func goldenPipeline(c: AugmentCase) throws {
    guard let source = try c.image("decoded", c.source_size) else { return }
    var parameters = AugmentationParameters(crop: c.box.cropBox, jitter: try c.order.map(c.stage))
    #expect(
      try parameters.apply(to: source, size: c.output_size, interpolation: .bicubic) == c.lastJitter())
    parameters.isFlipped = true
    #expect(
      try parameters.apply(to: source, size: c.output_size, interpolation: .bicubic) == c.image("flipped"))
  }
}
