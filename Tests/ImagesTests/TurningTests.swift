import Tensors
import Testing

@testable import Images

@Suite struct TurningTests {
  private static let size = 5

  /// Rows of different numbers.
  private func makeImages(rows: Int) -> Tensor {
    let count = rows * 3 * Self.size * Self.size
    return Tensor(
      rows: rows, channels: 3, height: Self.size, width: Self.size, lanes: 1,
      values: (0..<count).map(Float.init))
  }

  private func pixel(_ i: Int, _ j: Int, _ channel: Int, ofRow row: Int, _ images: Tensor) -> Float {
    images.values[((row * 3 + channel) * Self.size + i) * Self.size + j]
  }

  /// Counter-clockwise: pixel (i, j) of the image turned once is pixel (j, size − 1 − i) of the image.
  @Test func aTurnGoesCounterClockwise() {
    let images = makeImages(rows: 2)
    images.turn(row: 0, by: 1, to: 1)
    for channel in 0..<3 {
      for i in 0..<Self.size {
        for j in 0..<Self.size {
          #expect(
            pixel(i, j, channel, ofRow: 1, images)
              == pixel(j, Self.size - 1 - i, channel, ofRow: 0, images))
        }
      }
    }
  }

  /// By two and three quarters as often by one; by four not at all.
  @Test func turnsAddUp() {
    let images = makeImages(rows: 6)
    for row in 0..<4 { images.turn(row: row, by: 1, to: row + 1) }
    let width = images.rowStride
    func row(_ row: Int) -> ArraySlice<Float> { images.values[row * width..<(row + 1) * width] }
    for quarters in 0...4 {
      images.turn(row: 0, by: quarters, to: 5)
      #expect(Array(row(5)) == Array(row(quarters)), "\(quarters)")
    }
    #expect(Array(row(4)) == Array(row(0)) && Array(row(2)) != Array(row(0)))
  }

  /// All turns show one augmentation, the one that an image has without turns.
  @Test func aMakerTurnsEachView() throws {
    var pixels: [UInt8] = []
    for i in 0..<40 * 30 { pixels += [UInt8(i % 251), UInt8(i % 83), UInt8(i / 40)] }
    let image = StoredImage.pixels(RGBImage(width: 40, height: 30, pixels: pixels))
    var augmentation = AugmentationConfiguration()
    augmentation.size = 8
    func views(turns: Int) throws -> Tensor {
      try ViewMaker(augmentation, normalization: .imageNet, count: 2, turns: turns, seed: 4)
        .views(of: image, index: 3, epoch: 1)
    }
    let (plain, turned) = (try views(turns: 1), try views(turns: 4))
    let width = plain.rowStride
    func row(_ row: Int, _ tensor: Tensor) -> [Float] {
      Array(tensor.values[row * width..<(row + 1) * width])
    }
    #expect(turned.rows == 8)
    for view in 0..<2 {
      #expect(row(4 * view, turned) == row(view, plain))
      for turn in 1..<4 {
        let expected = Tensor(rows: 2, channels: 3, height: 8, width: 8, lanes: 1)
        expected.copyRows(view..<view + 1, of: plain, to: 0)
        expected.turn(row: 0, by: turn, to: 1)
        #expect(row(4 * view + turn, turned) == row(1, expected), "view \(view), turn \(turn)")
      }
    }
  }
}
