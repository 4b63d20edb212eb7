/// A white image to draw on.
package struct ImageCanvas {
  private let width: Int
  private let height: Int
  private var pixels: [UInt8]

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
    pixels = [UInt8](repeating: 255, count: 3 * width * height)
  }

  package var image: RGBImage { RGBImage(width: width, height: height, pixels: pixels) }

  /// Draws an image, all of which lies on the canvas.
  package mutating func draw(_ image: RGBImage, left: Int, top: Int) {
    for y in 0..<image.height {
      let start = 3 * ((top + y) * width + left)
      pixels.replaceSubrange(
        start..<start + 3 * image.width, with: image.pixels[3 * image.width * y..<3 * image.width * (y + 1)])
    }
  }
}
