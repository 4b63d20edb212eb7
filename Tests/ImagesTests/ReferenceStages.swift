import Foundation

@testable import Images

/// The stages of augmentation pixel by pixel, as Pillow's sources have them: what the vector code is compared with.
enum ReferenceStages {
  static func apply(_ stage: AugmentationParameters.JitterStage, to image: inout RGBImage) {
    switch stage {
    case .brightness(let factor):
      for i in image.pixels.indices { image.pixels[i] = blended(0, image.pixels[i], Float(factor)) }
    case .contrast(let factor):
      let count = image.width * image.height
      let sum = (0..<count).reduce(0) { $0 + Int(luma(image.pixels, $1)) }
      let mean = UInt8(Double(sum) / Double(count) + 0.5)
      for i in image.pixels.indices { image.pixels[i] = blended(mean, image.pixels[i], Float(factor)) }
    case .saturation(let factor):
      for i in 0..<image.width * image.height {
        let grey = luma(image.pixels, i)
        for c in 3 * i..<3 * i + 3 { image.pixels[c] = blended(grey, image.pixels[c], Float(factor)) }
      }
    case .hue(let turns):
      let shift = UInt8(truncatingIfNeeded: Int(turns * 255))
      for i in stride(from: 0, to: image.pixels.count, by: 3) {
        let turned = turned(image.pixels[i], image.pixels[i + 1], image.pixels[i + 2], by: shift)
        (image.pixels[i], image.pixels[i + 1], image.pixels[i + 2]) = turned
      }
    }
  }

  static func turned(_ r: UInt8, _ g: UInt8, _ b: UInt8, by shift: UInt8) -> (UInt8, UInt8, UInt8) {
    let (hue, saturation, value) = hsv(r, g, b)
    return rgb(hue &+ shift, saturation, value)
  }

  static func grey(_ image: RGBImage) -> RGBImage {
    let pixels = (0..<image.width * image.height).flatMap { i in
      Array(repeating: luma(image.pixels, i), count: 3)
    }
    return RGBImage(width: image.width, height: image.height, pixels: pixels)
  }

  static func solarized(_ image: RGBImage) -> RGBImage {
    RGBImage(
      width: image.width, height: image.height, pixels: image.pixels.map { $0 >= 128 ? 255 - $0 : $0 })
  }

  static func flipped(_ image: RGBImage) -> RGBImage {
    var flipped = image
    for y in 0..<image.height {
      for x in 0..<image.width {
        for c in 0..<3 {
          flipped.pixels[3 * (y * image.width + x) + c] =
            image.pixels[3 * (y * image.width + image.width - 1 - x) + c]
        }
      }
    }
    return flipped
  }

  /// Crop, then Pillow's two passes over the whole result, `box` in whole pixels.
  static func resizedCrop(
    _ image: RGBImage, _ box: CropBox, width: Int, height: Int, interpolation: Interpolation
  ) -> RGBImage {
    let columns = weights(source: box.width, size: width, interpolation)
    let rows = weights(source: box.height, size: height, interpolation)
    var narrow = RGBImage(
      width: width, height: box.height, pixels: Array(repeating: 0, count: 3 * width * box.height))
    for y in 0..<box.height {
      for (x, column) in columns.enumerated() {
        for c in 0..<3 {
          let sum = column.values.enumerated().reduce(Int64(1) << 21) { sum, tap in
            let at = 3 * ((box.top + y) * image.width + box.left + column.first + tap.offset) + c
            return sum + Int64(image.pixels[at]) * tap.element
          }
          narrow.pixels[3 * (y * width + x) + c] = UInt8(max(0, min(255, sum >> 22)))
        }
      }
    }
    var result = RGBImage(
      width: width, height: height, pixels: Array(repeating: 0, count: 3 * width * height))
    for (y, row) in rows.enumerated() {
      for i in 0..<3 * width {
        let sum = row.values.enumerated().reduce(Int64(1) << 21) { sum, tap in
          sum + Int64(narrow.pixels[3 * width * (row.first + tap.offset) + i]) * tap.element
        }
        result.pixels[3 * width * y + i] = UInt8(max(0, min(255, sum >> 22)))
      }
    }
    return result
  }

  /// Three planes, terms added in the kernel's order.
  static func blurred(_ image: RGBImage, sigma: Double) -> [Float] {
    let radius = Int((3 * sigma).rounded(.up))
    var kernel = (-radius...radius).map { exp(-0.5 * (Double($0) / sigma) * (Double($0) / sigma)) }
    let total = kernel.reduce(0, +)
    for i in kernel.indices { kernel[i] /= total }
    func reflected(_ position: Int, _ size: Int) -> Int {
      var position = position
      while size > 1, !(0..<size).contains(position) {
        position = position < 0 ? -position : 2 * (size - 1) - position
      }
      return size > 1 ? position : 0
    }
    let (width, height) = (image.width, image.height)
    var rows = [Float](repeating: 0, count: 3 * width * height)
    var result = rows
    for c in 0..<3 {
      for y in 0..<height {
        for x in 0..<width {
          for (k, weight) in kernel.enumerated() {
            let from = reflected(x + k - radius, width)
            rows[(c * height + y) * width + x] +=
              Float(weight) * Float(image.pixels[3 * (y * width + from) + c])
          }
        }
      }
      for y in 0..<height {
        for x in 0..<width {
          for (k, weight) in kernel.enumerated() {
            let from = reflected(y + k - radius, height)
            result[(c * height + y) * width + x] += Float(weight) * rows[(c * height + from) * width + x]
          }
        }
      }
    }
    return result
  }

  private static func weights(
    source: Int, size: Int, _ interpolation: Interpolation
  ) -> [(first: Int, values: [Int64])] {
    let scale = Double(source) / Double(size)
    let stretch = max(scale, 1)
    let support = interpolation.support * stretch
    return (0..<size).map { x in
      let center = (Double(x) + 0.5) * scale
      let low = max(Int(center - support + 0.5), 0)
      let high = min(Int(center + support + 0.5), source)
      let row = (low..<high).map { interpolation.weight((Double($0) - center + 0.5) / stretch) }
      let total = row.reduce(0, +)
      return (low, row.map { Int64(($0 / total * 4_194_304).rounded(.toNearestOrAwayFromZero)) })
    }
  }

  private static func blended(_ from: UInt8, _ to: UInt8, _ factor: Float) -> UInt8 {
    let value = Float(from) + factor * Float(Int32(to) - Int32(from))
    return UInt8(max(0, min(255, value)))
  }

  private static func luma(_ pixels: [UInt8], _ i: Int) -> UInt8 {
    let (red, green, blue) = (UInt32(pixels[3 * i]), UInt32(pixels[3 * i + 1]), UInt32(pixels[3 * i + 2]))
    return UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
  }

  /// Pillow's `rgb2hsv` (after Python's colorsys), with its mixture of single and double precision.
  private static func hsv(_ r: UInt8, _ g: UInt8, _ b: UInt8) -> (UInt8, UInt8, UInt8) {
    let high = max(r, g, b)
    let low = min(r, g, b)
    guard low != high else { return (0, 0, high) }
    let range = Float(high - low)
    let redGap = Float(high - r) / range
    let greenGap = Float(high - g) / range
    let blueGap = Float(high - b) / range
    let sextant: Float
    if r == high {
      sextant = blueGap - greenGap
    } else if g == high {
      sextant = Float(2 + Double(redGap) - Double(blueGap))
    } else {
      sextant = Float(4 + Double(greenGap) - Double(redGap))
    }
    var turn = Double(sextant) / 6 + 1  // in [5/6, 2): a remainder of 1 is one subtraction
    if turn >= 1 { turn -= 1 }
    return (UInt8(Double(Float(turn)) * 255), UInt8(Double(range / Float(high)) * 255), high)
  }

  /// Pillow's `hsv2rgb`.
  private static func rgb(_ hue: UInt8, _ saturation: UInt8, _ value: UInt8) -> (UInt8, UInt8, UInt8) {
    guard saturation > 0 else { return (value, value, value) }
    let position = Double(Float(hue) * 6) / 255
    let sextant = Int(position)
    let fraction = Float(position - Double(sextant))
    let strength = Float(saturation) / 255
    let v = Double(value)
    let low = UInt8(v * (1 - Double(strength)) + 0.5)
    let falling = UInt8(v * (1 - Double(strength * fraction)) + 0.5)
    let rising = UInt8(v * (1 - Double(strength) * (1 - Double(fraction))) + 0.5)
    return switch sextant {
    case 1: (falling, value, low)
    case 2: (low, value, rising)
    case 3: (low, falling, value)
    case 4: (rising, low, value)
    case 5: (value, low, falling)
    default: (value, rising, low)  // 0, and 6 for the hue of 255, which is red again
    }
  }
}
