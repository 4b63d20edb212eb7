import Collectives
import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets

@Suite struct ImageListTests {
  /// Paths from the list's folder on, from the root on, and in the list's order.
  @Test(arguments: [1, 3]) func imagesAreThoseOfTheLines(ranks: Int) throws {
    try withTemporaryFolder { folder in
      let tree = try MadeTree.pets(in: folder)
      try tree.write(
        "lists/all.txt", "../train/dog/3.png\r\n\n\(folder.path)/val/cat/0.png\r\n../train/cat/1.png")
      let source = "list:\(folder.path)/lists/all.txt"
      let found = try ThreadRanks(ranks).run { communicator in
        let data = try DatasetSource.open(source, on: communicator)
        let images = data.train
        #expect(
          data.test == nil && !images.isLabelled && images.classNames.isEmpty && images.imageSize == 224)
        #expect(data.notes.count == 1 && data.warnings.isEmpty && data.digest?.count == 64)
        #expect(
          (0..<images.count).map(images.imageName) == [
            "../train/dog/3.png", "\(folder.path)/val/cat/0.png", "../train/cat/1.png",
          ])
        return try (0..<images.count).map { try images.image(at: $0).pixels }
      }
      let expected = try ["train/dog/3.png", "val/cat/0.png", "train/cat/1.png"].map { path in
        try EncodedImage([UInt8](Data(contentsOf: tree.url(path)))[...]).decoded().pixels
      }
      #expect(found == Array(repeating: expected, count: ranks))
    }
  }

  @Test func filesThatCannotBeUsedAreListed() throws {
    try withTemporaryFolder { folder in
      let tree = MadeTree(in: folder)
      try tree.addImages(2, to: "a")
      try tree.write("a/2.png", "no image")
      try tree.write("list.txt", "a/0.png\na/2.png\na/none.png\n")
      let source = "list:\(folder.path)/list.txt"
      let error = #expect(throws: (any Error).self) {
        try ThreadRanks(2).run { _ = try DatasetSource.open(source, on: $0) }
      }
      let sentence = error.map { "\($0)" } ?? ""
      #expect(
        sentence.hasPrefix("\(source): 2 faults in 3 files:\n  \(folder.path)/a/2.png: "), "\(sentence)")
      #expect(sentence.contains("\n  \(folder.path)/a/none.png: "))
      let data = try DatasetSource.open(source, DatasetOptions(onError: .skip), on: .alone())
      #expect(data.train.count == 3 && data.faults.count == 2)
      #expect(
        data.warnings == [
          "\(source): 2 of 3 files cannot be used: \(folder.path)/a/2.png, \(folder.path)/a/none.png"
        ])
    }
  }

  @Test func anEmptyListIsRefused() throws {
    try withTemporaryFolder { folder in
      try MadeTree(in: folder).write("list.txt", "\n \n")
      let error = #expect(throws: (any Error).self) {
        try DatasetSource.open("list:\(folder.path)/list.txt", on: .alone())
      }
      #expect(
        error.map { "\($0)" }
          == "\(folder.path)/list.txt names no images: write the path of an image in every line")
    }
  }
}
