import Tensors
import Testing

@testable import Images

/// Views of pictures that are decoded as far as they need.
@Suite struct ViewTests {
  private static let size = 24

  /// Shapes and slopes, which a JPEG keeps.
  private static let picture: RGBImage = {
    var pixels: [UInt8] = []
    for y in 0..<210 {
      for x in 0..<330 {
        let inside = (x - 120) * (x - 120) + (y - 90) * (y - 90) < 3600
        pixels += inside ? [200, UInt8(x / 2), 60] : [UInt8(y), UInt8(x * 2 / 3), UInt8((x + y) / 3)]
      }
    }
    return RGBImage(width: 330, height: 210, pixels: pixels)
  }()

  private func jpeg() throws -> StoredImage {
    .encoded(try EncodedImage(Self.picture.jpegData(quality: 90)[...]))
  }

  private func views(_ parameters: [AugmentationParameters], of image: StoredImage) throws -> [[Float]] {
    let room = Tensor(rows: parameters.count, channels: 3, height: Self.size, width: Self.size, lanes: 1)
    try AugmentationParameters.apply(
      parameters, to: image, size: Self.size, interpolation: .bicubic, normalization: .imageNet, into: room
    ) { $0 }
    let values = room.values
    return parameters.indices.map { Array(values[$0 * room.rowStride..<($0 + 1) * room.rowStride]) }
  }

  private func drawn(_ index: Int, count: Int) -> [AugmentationParameters] {
    var configuration = AugmentationConfiguration()
    configuration.size = Self.size
    configuration.blurProbability = 0.5
    configuration.solarizeProbability = 0.2
    return (0..<count).map { view in
      AugmentationParameters(
        drawnFor: configuration, width: 330, height: 210,
        draws: RandomDraws(seed: 5, purpose: .augmentation, index: index, epoch: 0, view: view))
    }
  }

  /// Whatever the other views' crops are.
  @Test func aViewDependsOnItsOwnParametersOnly() throws {
    let image = try jpeg()
    for index in 0..<12 {
      let parameters = drawn(index, count: 3)
      let together = try views(parameters, of: image)
      for (number, view) in parameters.enumerated() {
        #expect(try views([view], of: image) == [together[number]], "\(index), view \(number)")
      }
    }
  }

  @Test func atFullResolutionViewsAreThoseOfTheDecodedPicture() throws {
    let image = try jpeg()
    let whole = StoredImage.pixels(try image.decoded())
    // 47 pixels are one too few for half the resolution, at which 48 are the 24 of a view.
    for crop in [(0, 0, 47, 200), (100, 40, 23, 23), (163, 283, 47, 47), (3, 5, 40, 31)] {
      let (top, left, height, width) = crop
      let view = AugmentationParameters(
        crop: CropBox(top: top, left: left, height: height, width: width), jitter: [.hue(0.05)],
        blurSigma: 1, isFlipped: true)
      #expect(try views([view], of: image) == views([view], of: whole), "\(crop)")
    }
  }

  /// The resolution follows from the crop, and the crop lies where it should.
  @Test(arguments: [(48, 4), (96, 2), (192, 1)]) func largerCropsAreDecodedAtLowerResolution(
    side: Int, eighths: Int
  ) throws {
    let image = try jpeg()
    guard case .encoded(let encoded) = image else { return }
    let crop = CropBox(top: 11, left: 77, height: side, width: side + 13)
    #expect(encoded.eighths(for: crop, size: Self.size) == eighths)
    let view = AugmentationParameters(crop: crop)
    let scaled = try encoded.decoded(covering: encoded.bounds, eighths: eighths)
    let expected = scaled.resized(crop, width: Self.size, height: Self.size, interpolation: .bicubic)
    let found = try views([view], of: image)[0]
    #expect(found == normalized(expected))
    // Half a pixel's shift of these slopes would be seen: the full resolution is within 3 of 255 almost everywhere.
    let full = try view.apply(to: image.decoded(), size: Self.size, interpolation: .bicubic)
    let differences = zip(expected.interleaved.pixels, full.pixels).map { abs(Int($0) - Int($1)) }
    #expect(Double(differences.reduce(0, +)) / Double(differences.count) < 1.5, "\(differences.max()!)")
  }

  @Test func theClockCountsTheParts() throws {
    // Every look at the clock is a second after the one before.
    var time = ContinuousClock.now
    let clock = ViewClock {
      time += .seconds(1)
      return time
    }
    var view = AugmentationParameters(crop: CropBox(top: 0, left: 0, height: 200, width: 300))
    let room = Tensor(rows: 1, channels: 3, height: Self.size, width: Self.size, lanes: 1)
    func run() throws -> [ViewClock.Part: Double] {
      try AugmentationParameters.apply(
        [view], to: jpeg(), size: Self.size, interpolation: .bicubic, normalization: .imageNet, clock: clock,
        into: room
      ) { $0 }
      return clock.seconds
    }
    let first = try run()
    #expect(Set(first.keys) == [.decode, .resize, .color, .normalize])
    view.blurSigma = 1
    let second = try run()
    #expect(try #require(second[.blur]) > 0)
    for (part, seconds) in first { #expect(try #require(second[part]) > seconds, "\(part)") }
  }

  private func normalized(_ image: PlanarImage) -> [Float] {
    var planes = [Float](repeating: .nan, count: 3 * Self.size * Self.size)
    planes.withUnsafeMutableBufferPointer { Normalization.imageNet.write(image, into: $0) }
    return planes
  }
}
