import Images
import Testing

@Suite struct RGBImageTests {
  /// A picture with a different value in every byte, as far as bytes go.
  private func ramp(_ width: Int, _ height: Int) -> RGBImage {
    RGBImage(
      width: width, height: height,
      pixels: (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 11) })
  }

  private func flat(_ width: Int, _ height: Int, _ red: UInt8, _ green: UInt8, _ blue: UInt8) -> RGBImage {
    RGBImage(
      width: width, height: height, pixels: (0..<width * height).flatMap { _ in [red, green, blue] })
  }

  @Test(arguments: Interpolation.allCases)
  func resizingToTheSameSizeChangesNothing(interpolation: Interpolation) {
    let image = ramp(7, 5)
    let same = image.resizedCrop(image.bounds, width: 7, height: 5, interpolation: interpolation)
    #expect(same == image)
    let part = image.resizedCrop(
      CropBox(top: 1, left: 2, height: 3, width: 4), width: 4, height: 3, interpolation: interpolation)
    for y in 0..<3 {
      for i in 0..<12 { #expect(part.pixels[y * 12 + i] == image.pixels[(y + 1) * 21 + 6 + i]) }
    }
  }

  @Test(arguments: Interpolation.allCases, [1, 2, 31, 64])
  func flatColourStaysFlat(interpolation: Interpolation, size: Int) {
    let image = flat(13, 9, 255, 3, 128)
    let resized = image.resizedCrop(image.bounds, width: size, height: size, interpolation: interpolation)
    #expect(resized == flat(size, size, 255, 3, 128))
  }

  @Test func onePixelSurvivesEveryStage() {
    let image = flat(1, 1, 200, 100, 50)
    let all = AugmentationParameters(
      crop: image.bounds, jitter: [.hue(0.1), .contrast(0.8), .brightness(1.4), .saturation(0)],
      isGrayscale: true, blurSigma: 2, isSolarized: true, isFlipped: true)
    let view = all.apply(to: image, size: 3, interpolation: .bicubic)
    #expect(Set(view.pixels).count == 1)
  }

  @Test func planesBecomePixels() {
    let planes: [UInt8] = [1, 2, 10, 20, 100, 200]
    let image = planes.withUnsafeBufferPointer { RGBImage(width: 2, height: 1, planes: $0) }
    #expect(image.pixels == [1, 10, 100, 2, 20, 200])
    var floats = [Float](repeating: 0, count: 6)
    floats.withUnsafeMutableBufferPointer {
      Normalization(mean: .zero, deviation: .one).write(image, into: $0)
    }
    #expect(floats == planes.map { Float($0) / 255 })
  }

  @Test func aThirdOfATurnTakesRedToGreen() {
    var image = PlanarImage(flat(2, 2, 255, 0, 0))
    image.shiftHue(by: 1.0 / 3)
    #expect(image.interleaved == flat(2, 2, 0, 255, 0))
    image.shiftHue(by: -1.0 / 3)
    #expect(image.interleaved == flat(2, 2, 255, 0, 0))
  }

  @Test func flippingTwiceGivesThePictureBack() {
    for width in 1...4 {
      let image = PlanarImage(ramp(width, 3))
      var flipped = image
      flipped.flipHorizontally()
      #expect((flipped == image) == (width == 1))
      flipped.flipHorizontally()
      #expect(flipped == image)
    }
  }

  @Test func blurKeepsTheMeanOfAPointAndItsShape() {
    var pixels = [UInt8](repeating: 0, count: 3 * 21 * 21)
    for c in 0..<3 { pixels[3 * (10 * 21 + 10) + c] = 250 }
    let blurred = PlanarImage(RGBImage(width: 21, height: 21, pixels: pixels)).gaussianBlurred(sigma: 1.5)
    #expect(abs(blurred.reduce(0, +) - 750) < 0.01)
    let center = blurred[10 * 21 + 10]
    let beside = blurred[10 * 21 + 11]
    #expect(abs(beside / center - 0.800_737) < 1e-4, "exp(−1/(2σ²)) for σ = 1.5")
    #expect(blurred[10 * 21 + 16] == 0, "6 pixels away is beyond ⌈3σ⌉ = 5")
  }
}
