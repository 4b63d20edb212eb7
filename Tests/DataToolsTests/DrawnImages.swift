import Datasets
import Images

/// JPEG and PNG images of known sizes and colours, some of them damaged.
struct DrawnImages: ImageDataset {
  let name: String
  var count = 12
  var damaged: Set<Int> = []
  let classNames = ["cat", "dog", "owl"]
  let imageSize = 16
  let normalization = Normalization.imageNet

  func label(at index: Int) -> Int? { index * 3 / count }

  /// 20, 21, 22, … pixels wide and 40, 38, … high; of one colour, which JPEG keeps; every third a PNG.
  func storedImage(at index: Int) throws -> StoredImage {
    let (width, height) = (20 + index, 40 - 2 * index)
    let pixel = [UInt8(10 * index), 100, 200]
    let image = RGBImage(
      width: width, height: height, pixels: (0..<width * height).flatMap { _ in pixel })
    var bytes = index % 3 == 0 ? try image.pngData() : try image.jpegData(quality: 95)
    if damaged.contains(index) { bytes.removeLast(bytes.count / 3) }
    return .encoded(try EncodedImage(bytes[...]))
  }

  func imageName(at index: Int) -> String { "\(name)/\(index).jpg" }
}
