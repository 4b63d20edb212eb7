import Datasets
import Foundation
import Images

/// A tree of class folders with PNG and JPEG images of 32×32 pixels, as a person may have it: 4 classes of 24
/// training and, where there is a test part, 8 test images.
struct ImageTreeFiles {
  let folder: URL
  static let classes = ["bolt", "cup", "disc", "egg"]
  static let (trainImages, testImages) = (96, 32)

  init(in folder: URL, hasTest: Bool = true) throws {
    self.folder = folder.appendingPathComponent("tree")
    let train = ShapesDataset(.train, count: Self.trainImages)
    for index in 0..<Self.trainImages { try write(train.image(at: index), to: path(train: index)) }
    guard hasTest else { return }
    let test = ShapesDataset(.test, count: Self.testImages)
    for index in 0..<Self.testImages { try write(test.image(at: index), to: path(test: index)) }
  }

  var source: String { "folder:\(folder.path)" }

  /// The file of training image `index`, as the data set numbers it.
  func path(train index: Int) -> String { path("train", index / 24, index % 24) }
  func path(test index: Int) -> String { path("val", index / 8, index % 8) }

  /// Spoils the pixels of an image from the first row on; header and end are as they should be, so that only
  /// decoding finds out.
  func spoil(_ path: String) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for place in 60..<80 { bytes[place] ^= 0x5A }
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  func empty(_ path: String) throws { try Data().write(to: URL(fileURLWithPath: path)) }

  private func path(_ part: String, _ label: Int, _ number: Int) -> String {
    folder.path + "/\(part)/\(Self.classes[label])/" + (number < 10 ? "0" : "") + "\(number).png"
  }

  /// Every third file holds a JPEG, whatever its name says.
  private func write(_ image: RGBImage, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    let isJPEG = Int(url.deletingPathExtension().lastPathComponent)! % 3 == 2
    try Data(isJPEG ? image.jpegData(quality: 90) : image.pngData()).write(to: url)
  }
}
