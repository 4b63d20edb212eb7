import Collectives
import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets

@Suite struct STL10Tests {
  /// Small parts in the original's form, in a folder that is removed.
  private static func withFiles<Result>(_ body: (URL) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
      func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: folder.appendingPathComponent(name))
      }
      try write("train_X.bin", images(3))
      try write("train_y.bin", [10, 1, 7])
      try write("test_X.bin", images(2))
      try write("test_y.bin", [2, 2])
      try write("unlabeled_X.bin", images(4))
      return try body(folder)
    }
  }

  /// Every byte says where it is: number of the image, channel, x and y, in the order of the file.
  private static func images(_ count: Int) -> [UInt8] {
    (0..<count).flatMap { image in
      (0..<3).flatMap { channel in
        (0..<96).flatMap { x in (0..<96).map { y in byte(image, channel, x, y) } }
      }
    }
  }

  private static func byte(_ image: Int, _ channel: Int, _ x: Int, _ y: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: 101 * image + 53 * channel + 2 * x + 3 * y)
  }

  private func open(_ folder: URL) throws -> DataParts {
    try DatasetSource.open("stl10:\(folder.path)", on: .alone())
  }

  @Test func unlabelledImagesAreTrainedOnAndLabelledOnesAreTheReference() throws {
    try Self.withFiles { folder in
      let parts = try open(folder)
      #expect(parts.datasets.map { $1.count } == PerPart(train: 4, reference: 3, test: 2))
      #expect(!parts.train.isLabelled && parts.train.classNames == [])
      let reference = try #require(parts.datasets.reference)
      #expect((0..<3).map(reference.label) == [9, 0, 6] && reference.classCount == 10)
      #expect(parts.test?.label(at: 1) == 1)
      #expect(parts.classificationGap == nil && parts.warnings == [])
    }
  }

  @Test func columnsBecomeRows() throws {
    try Self.withFiles { folder in
      let image = try open(folder).train.image(at: 3)
      #expect(image.width == 96 && image.height == 96)
      for (x, y) in [(0, 0), (1, 0), (0, 1), (95, 3), (17, 95)] {
        for channel in 0..<3 {
          #expect(image.pixels[3 * (96 * y + x) + channel] == Self.byte(3, channel, x, y))
        }
      }
    }
  }

  @Test func withoutUnlabelledImagesTheLabelledOnesAreTrainedOn() throws {
    try Self.withFiles { folder in
      try FileManager.default.removeItem(at: folder.appendingPathComponent("unlabeled_X.bin"))
      let parts = try open(folder)
      #expect(parts.train.count == 3 && parts.datasets.reference == nil && parts.neighborPart == .train)
      #expect(
        parts.warnings == [
          "stl10: \(folder.path) holds no unlabeled_X.bin: only the labelled images are trained on"
        ])
    }
  }

  @Test(arguments: [
    ("train_X.bin", [1, 2, 3], "has 3 bytes, which is not a whole number of records of 27648 bytes"),
    ("train_y.bin", [1, 2], "is damaged: it has 2 labels, train_X.bin has 3 images; fetch both again"),
    ("test_y.bin", [1, 11], "is damaged: image 1 (counting from 0) has label 11, labels go from 1 to 10"),
    ("test_y.bin", [0, 1], "is damaged: image 0 (counting from 0) has label 0, labels go from 1 to 10"),
    ("test_X.bin", nil, "cannot be read: it is no longer there"),
    ("train_y.bin", nil, "cannot be read: No such file or directory"),
  ])
  func mistakesAreNamed(file: String, bytes: [UInt8]?, expected: String) throws {
    try Self.withFiles { folder in
      let url = folder.appendingPathComponent(file)
      try FileManager.default.removeItem(at: url)
      if let bytes { try Data(bytes).write(to: url) }
      let error = #expect(throws: (any Error).self) { try open(folder) }
      let message = error.map { "\($0)" } ?? "no error"
      #expect(message.hasPrefix("\(url.path) \(expected)"), "\(message)")
    }
  }

  /// A file that shrinks after it was opened.
  @Test func aVanishedImageIsABadOne() throws {
    try Self.withFiles { folder in
      let train = try open(folder).train
      try Data(Self.images(1)).write(to: folder.appendingPathComponent("unlabeled_X.bin"))
      #expect(try train.image(at: 0).width == 96)
      #expect(
        throws: DatasetError.badImage(
          name: "stl10 unlabeled, image 2", reason: "it shrank while it was being read")
      ) { try train.image(at: 2) }
    }
  }
}
