import Foundation
import Tensors
import Testing

@testable import Images

/// The vector code against the stages written pixel by pixel, bit for bit: sizes around and between whole groups of 16.
@Suite struct VectorStageTests {
  static let sizes = [
    (1, 1), (2, 3), (5, 3), (15, 1), (16, 2), (17, 5), (33, 31), (64, 7), (65, 40), (130, 90),
  ]

  /// Colours of all kinds: random ones, greys, and pure ones.
  private func picture(_ width: Int, _ height: Int) -> RGBImage {
    let draws = RandomDraws(seed: 3, purpose: .test, index: width * 1000 + height)
    let pixels = (0..<width * height).flatMap { i -> [UInt8] in
      let bits = draws.block(i)
      let bytes = (0..<3).map { UInt8(truncatingIfNeeded: bits[$0]) }
      switch bits[3] % 8 {
      case 0: return Array(repeating: bytes[0], count: 3)
      case 1: return bytes.map { $0 < 128 ? 0 : 255 }
      default: return bytes
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  @Test(arguments: sizes) func coloursAreThoseOfTheReference(width: Int, height: Int) {
    let image = picture(width, height)
    let stages: [AugmentationParameters.JitterStage] = [
      .brightness(0), .brightness(0.63), .brightness(1), .brightness(1.39), .contrast(0), .contrast(0.71),
      .contrast(1.4), .saturation(0), .saturation(0.6), .saturation(1.37), .hue(0), .hue(0.1), .hue(-0.073),
      .hue(0.5), .hue(-0.5),
    ]
    for stage in stages {
      var vector = PlanarImage(image)
      vector.apply(stage)
      var reference = image
      ReferenceStages.apply(stage, to: &reference)
      #expect(vector.interleaved == reference, "\(stage)")
    }
    var grey = PlanarImage(image)
    grey.convertToGrayscale()
    #expect(grey.interleaved == ReferenceStages.grey(image))
    var solarized = PlanarImage(image)
    solarized.solarize()
    #expect(solarized.interleaved == ReferenceStages.solarized(image))
    var flipped = PlanarImage(image)
    flipped.flipHorizontally()
    #expect(flipped.interleaved == ReferenceStages.flipped(image))
  }

  /// All 2²⁴ colours: 256 pictures, of one red each.
  @Test(arguments: [0, 25.0 / 255, -77.0 / 255]) func everyColourTurnsAsInTheReference(turns: Double) {
    let shift = UInt8(truncatingIfNeeded: Int(turns * 255))
    var differences = 0
    for red in 0...255 {
      var image = PlanarImage(width: 256, height: 256) { planes in
        for i in 0..<65536 {
          planes[i] = UInt8(red)
          planes[65536 + i] = UInt8(i >> 8)
          planes[131072 + i] = UInt8(i & 255)
        }
      }
      image.shiftHue(by: turns)
      image.planes.withUnsafeBufferPointer { planes in
        for i in 0..<65536 {
          let expected = ReferenceStages.turned(UInt8(red), UInt8(i >> 8), UInt8(i & 255), by: shift)
          if expected != (planes[i], planes[65536 + i], planes[131072 + i]) { differences += 1 }
        }
      }
    }
    #expect(differences == 0)
  }

  @Test(arguments: sizes, [0.1, 0.7, 2]) func blurAddsAsTheReference(size: (Int, Int), sigma: Double) {
    let image = picture(size.0, size.1)
    let expected = ReferenceStages.blurred(image, sigma: sigma)
    #expect(PlanarImage(image).gaussianBlurred(sigma: sigma) == expected)
    var rounded = PlanarImage(image)
    rounded.blur(sigma: sigma)
    #expect(rounded.planes == expected.map { UInt8($0 + 0.5) })
  }

  @Test(arguments: sizes, Interpolation.allCases)
  func resizingIsThatOfTheReference(size: (Int, Int), interpolation: Interpolation) {
    let (width, height) = size
    let image = picture(width, height)
    let inner = CropBox(
      top: height / 3, left: width / 4, height: max(1, height / 2), width: max(1, width * 2 / 3))
    for box in [image.bounds, inner] {
      for (newWidth, newHeight) in [(1, 1), (16, 9), (37, 18), (box.width, box.height), (3 * width, 5)] {
        let vector = image.resizedCrop(box, width: newWidth, height: newHeight, interpolation: interpolation)
        let reference = ReferenceStages.resizedCrop(
          image, box, width: newWidth, height: newHeight, interpolation: interpolation)
        #expect(vector == reference, "\(box) to \(newWidth)×\(newHeight)")
      }
    }
  }

  /// The middle alone is the middle of the whole, cut out.
  @Test(arguments: [(300, 200), (200, 300), (97, 101), (40, 40), (20, 90)])
  func theMiddleIsComputedAsInTheWhole(width: Int, height: Int) {
    let image = picture(width, height)
    let (shorter, side) = (64, 56)
    let whole = ReferenceStages.resizedCrop(
      image, image.bounds, width: width <= height ? shorter : shorter * width / height,
      height: height <= width ? shorter : shorter * height / width, interpolation: .bicubic)
    let top = Int((Double(whole.height - side) / 2).rounded(.toNearestOrEven))
    let left = Int((Double(whole.width - side) / 2).rounded(.toNearestOrEven))
    var middle: [UInt8] = []
    for y in top..<top + side {
      let start = 3 * (y * whole.width + left)
      middle += whole.pixels[start..<start + 3 * side]
    }
    #expect(image.evaluationCrop(shorterSide: shorter, side: side).pixels == middle)
  }
}
