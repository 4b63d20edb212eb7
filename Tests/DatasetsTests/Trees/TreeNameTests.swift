import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Names in a tree are bytes: nothing vanishes because Unicode takes two for the same.
@Suite struct TreeNameTests {
  @Test func lookalikesAreTwoClasses() throws {
    let listing = try scan { tree in
      for name in [cafe.nfc, cafe.nfd] {
        try tree.write("train/\(name)/1.png", "")
        try tree.write("val/\(name)/1.png", "")
      }
    }
    #expect(listing.facts.classNames.map { Array($0.utf8) } == [cafe.nfd, cafe.nfc].map { Array($0.utf8) })
    #expect(listing.train.classCounts == [1, 1] && listing.test?.classCounts == [1, 1])
    #expect(
      listing.facts.warnings == [
        "DIR/train has class folders that look the same and have other bytes, so they are 2 classes: "
          + #"'cafe\u{301}' and 'caf\u{E9}'"#
      ])
  }

  @Test func lookalikesOfFilesAreTwoFiles() throws {
    let listing = try scan { tree in
      for name in [cafe.nfc, cafe.nfd] { try tree.write("train/a/\(name)/\(name).png", "") }
    }
    #expect(listing.train.count == 2)
  }

  @Test func aListOfOtherBytesIsExplained() {
    #expect(
      refusal(classes: [cafe.nfc, "dog"]) { tree in
        for name in [cafe.nfd, "dog"] { try tree.write("train/\(name)/1.png", "") }
      }
        == #"DIR/train does not have the class 'caf\u{E9}' of the list, but 'cafe\u{301}', which looks the same and "#
        + "has other bytes: rename the folder, or correct the list")
  }

  @Test(arguments: [nil, ["dog", cafe.nfc]] as [[String]?])
  func aTestFolderOfOtherBytesIsExplained(classes: [String]?) {
    #expect(
      refusal(classes: classes) { tree in
        for name in [cafe.nfc, "dog"] { try tree.write("train/\(name)/1.png", "") }
        for name in [cafe.nfd, "dog"] { try tree.write("val/\(name)/1.png", "") }
      }
        == #"DIR/val has the class folder 'cafe\u{301}', which looks like the class 'caf\u{E9}' and has other bytes: "#
        + "rename one of them")
  }

  @Test func labelsOfOtherBytesAreExplained() {
    func flat(class name: String, image: String) -> (MadeTree) throws -> Void {
      { tree in
        try tree.write("train/\(cafe.nfc)/1.png", "")
        try tree.write("val/\(cafe.nfc).png", "")
        try tree.write("val/val_annotations.txt", "\n\(image).png\t\(name)\t0\n")
      }
    }
    #expect(throws: Never.self) { try scan(making: flat(class: cafe.nfc, image: cafe.nfc)) }
    #expect(
      refusal(making: flat(class: cafe.nfd, image: cafe.nfc))
        == #"DIR/val/val_annotations.txt:2: the class 'cafe\u{301}' looks like the class 'caf\u{E9}' and has other "#
        + "bytes: rename the folder, or correct the list")
    #expect(
      refusal(making: flat(class: cafe.nfc, image: cafe.nfd))
        == #"DIR/val/val_annotations.txt does not name the image 'caf\u{E9}.png', but 'cafe\u{301}.png', which looks "#
        + "the same and has other bytes: rename the image, or correct the list")
  }

  // MARK: Not UTF-8

  /// Renames a folder to "caf" and a byte that is no letter in UTF-8.
  private func spoilName(of path: String, in tree: MadeTree) {
    let old = tree.url(path).path
    let new =
      tree.url(path).deletingLastPathComponent().path.utf8.map(CChar.init(bitPattern:))
      + [0x2F, 0x63, 0x61, 0x66, CChar(bitPattern: 0xE9), 0]
    #expect(rename(old, new) == 0)
  }

  @Test func aClassFolderThatIsNotTextIsExplained() throws {
    func make(_ tree: MadeTree) throws {
      for name in ["a", "dog"] { try tree.write("train/\(name)/1.png", "") }
      spoilName(of: "train/a", in: tree)
    }
    #expect(
      refusal(making: make)
        == #"DIR/train has a class folder whose name is not UTF-8: 'caf\xE9'; rename it (for example with convmv), or "#
        + "name the classes that you want with --classes FILE (data.classes in a configuration)")
    #expect(paths(try scan(classes: ["dog"], making: make).train) == ["train/dog/1.png"])
  }

  /// Below class folders any name will do, and an index knows the folder again.
  @Test func otherFoldersNeedNotBeText() throws {
    try withTemporaryFolder { folder in
      let tree = MadeTree(in: folder)
      try tree.write("train/dog/a/1.png", "")
      spoilName(of: "train/dog/a", in: tree)
      let time = [timespec](repeating: timespec(tv_sec: 1_600_000_000, tv_nsec: 0), count: 2)
      for path in ["", "train", "train/dog", "train/dog/caf\u{E9}"] {
        // The last letter's bytes in Latin-1.
        let bytes = path.unicodeScalars.map { UInt8($0.value) }
        #expect(utimensat(AT_FDCWD, FilePath(folder: tree.path, bytes).characters, time, 0) == 0)
      }
      let listing = try TreeScan.listing(.folder, tree.path, classes: nil)
      #expect(paths(listing.train) == [#"train/dog/caf\xE9/1.png"#])
      let index = TreeIndex(.folder, tree.path, classes: nil, listing: listing)
      let read = try #require(TreeIndex(try index.encoded()))
      #expect(read == index && read.isValid(.folder, tree.path, classes: nil))
    }
  }

  /// What is not text in a command line arrives as U+FFFD.
  @Test func aTreeThatIsNotTextIsExplained() {
    #expect(
      DatasetError.unreadable(path: "caf\u{FFFD}", reason: "No such file or directory").description
        == "caf\u{FFFD} cannot be read: No such file or directory; its name is not UTF-8: rename it, or make a link to "
        + "it and name that")
  }

  @Test func anIndexBelongsToItsFolderAlone() throws {
    try withTemporaryFolder { folder in
      var listing: [TreeListing] = []
      let trees = [cafe.nfc, cafe.nfd].map { MadeTree(in: folder.appendingPathComponent($0)) }
      for tree in trees {
        try tree.write("train/dog/1.png", "")
        try tree.age()
        listing.append(try TreeScan.listing(.folder, tree.path, classes: nil))
      }
      let index = TreeIndex(.folder, trees[0].path, classes: nil, listing: listing[0])
      #expect(index.isValid(.folder, trees[0].path, classes: nil))
      #expect(!index.isValid(.folder, trees[1].path, classes: nil))
    }
  }
}
