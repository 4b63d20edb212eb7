import Collectives
import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets

/// Trees as they are opened, by one rank.
@Suite struct TreeSourceTests {
  private func open(_ tree: MadeTree, _ options: DatasetOptions = DatasetOptions()) throws -> DataParts {
    try DatasetSource.open("folder:\(tree.path)", options, on: .alone())
  }

  private func withPets<Result>(_ body: (MadeTree) throws -> Result) throws -> Result {
    try withTemporaryFolder { try body(.pets(in: $0.appendingPathComponent("pets"))) }
  }

  @Test func imagesAreThoseOfTheFiles() throws {
    try withPets { tree in
      let pair = try open(tree)
      let train = pair.train
      #expect(train.name == "folder train" && pair.test?.name == "folder val")
      #expect(train.classNames == ["cat", "dog"] && pair.test?.classNames == ["cat", "dog"])
      #expect(train.count == 8 && pair.test?.count == 4)
      #expect((0..<8).map(train.label) == [0, 0, 0, 0, 1, 1, 1, 1])
      #expect(train.imageSize == 224 && train.normalization == .imageNet)
      #expect(train.imageName(at: 5) == "\(tree.path)/train/dog/1.png")
      guard case .encoded(let image) = try train.storedImage(at: 5) else {
        return #expect(Bool(false), "not a file")
      }
      #expect(Array(image.bytes) == Array(try Data(contentsOf: tree.url("train/dog/1.png"))))
      #expect((image.format, image.width, image.height) == (.png, 16, 16))
      #expect(try train.image(at: 5) != train.image(at: 4))
    }
  }

  @Test func notesSayWhatTheDataIs() throws {
    try withPets { tree in
      try tree.write("train/cat/note.txt", "")
      let pair = try open(tree)
      let digest = try #require(pair.digest)
      #expect(
        pair.notes == [
          "folder: 2 classes (the folders of train), 8 training images in 2 classes, 4 test images in 2 classes; "
            + "file list SHA-256 \(digest.prefix(12))",
          "folder: 1 file whose name does not end in .jpg, .jpeg or .png left out",
        ])
      #expect(pair.warnings == [])
      let cats = try open(tree, DatasetOptions(classList: ClassList(["cat"])))
      #expect(
        cats.notes.first?.hasPrefix(
          "folder: 1 classes (listed, SHA-256 \(ClassList(["cat"])!.digest.prefix(12))), 4 training images in 1 classes"
        )
          == true)
      #expect(cats.digest != digest)
    }
  }

  /// The number of an image must not depend on the machine, but on names alone.
  @Test func theDigestFollowsNamesAlone() throws {
    let (one, other) = (
      try withPets { try open($0).digest },
      try withPets { tree in
        try tree.write("train/cat/0.png", TestImage.png(seed: 99))
        return try open(tree).digest
      }
    )
    #expect(one == other)
    let renamed = try withPets { tree in
      try FileManager.default.moveItem(at: tree.url("val/cat/0.png"), to: tree.url("val/cat/9.png"))
      return try open(tree).digest
    }
    #expect(renamed != one)
  }

  // MARK: Faults

  /// Two damaged files, an empty class.
  private func damage(_ tree: MadeTree) throws {
    try tree.write("train/cat/1.png", "")
    try tree.write("val/dog/0.png", "text")
    try FileManager.default.createDirectory(at: tree.url("train/bat"), withIntermediateDirectories: false)
  }

  @Test func allFaultsAreListedInTheOrderOfPaths() throws {
    try withPets { tree in
      try damage(tree)
      let error = #expect(throws: AgreedFailure.self) { try open(tree) }
      #expect(
        error?.description == """
          folder:\(tree.path): 3 faults in 12 files:
            \(tree.path)/train/bat: the class folder holds no images
            \(tree.path)/train/cat/1.png: it is empty
            \(tree.path)/val/dog/0.png: it is neither JPEG nor PNG (it begins with 74 65 78 74)
            `sluice data verify folder:\(tree.path)` finds everything
          """)
    }
  }

  @Test func twentyFaultsAreListed() throws {
    try withPets { tree in
      for number in 10..<35 { try tree.write("train/cat/\(number).png", "") }
      let lines = #expect(throws: AgreedFailure.self) { try open(tree) }?.description.split(separator: "\n")
      #expect(lines?.count == 22)
      #expect(lines?[20].hasSuffix("train/cat/29.png: it is empty") == true)
      #expect(lines?[21] == "  … and 5 more; `sluice data verify folder:\(tree.path)` finds everything")
    }
  }

  @Test func ignoredFaultsAreOneWarningAndKeepTheirNumbers() throws {
    try withPets { tree in
      let whole = try open(tree)
      try damage(tree)
      try tree.remove("train/bat")
      let pair = try open(tree, DatasetOptions(onError: .skip))
      #expect(
        pair.warnings == [
          "folder:\(tree.path): 2 of 12 files cannot be used: \(tree.path)/train/cat/1.png, \(tree.path)/val/dog/0.png"
        ])
      #expect(pair.digest == whole.digest && pair.train.count == 8)
      #expect(
        throws: DatasetError.badImage(name: "\(tree.path)/train/cat/1.png", reason: "it is empty")
      ) { try pair.train.storedImage(at: 1) }
      #expect(throws: Never.self) { try pair.train.storedImage(at: 2) }
    }
  }

  @Test func aFileThatVanishesLaterIsABadImage() throws {
    try withPets { tree in
      let pair = try open(tree)
      try tree.remove("train/dog/0.png")
      #expect(
        throws: DatasetError.badImage(name: "\(tree.path)/train/dog/0.png", reason: "it is no longer there")
      ) { try pair.train.storedImage(at: 4) }
    }
  }

  // MARK: The index file

  /// Opens a tree and keeps its index as a run does; `open` opens it again.
  private func withIndex(
    _ onError: OnBadImage = .stop, damaged: Bool = false,
    _ body: (MadeTree, _ open: (ClassList?) throws -> DataParts) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let tree = try MadeTree.pets(in: folder.appendingPathComponent("pets"))
      if damaged { try tree.write("train/cat/1.png", "") }
      try tree.age()
      var options = DatasetOptions(indexFile: folder.appendingPathComponent("index").path, onError: onError)
      let first = try open(tree, options)
      try #require(first.index).write(to: URL(fileURLWithPath: options.indexFile!))
      try body(tree) { list in
        options.classList = list
        let pair = try open(tree, options)
        if list == nil, pair.index == nil {
          #expect(
            pair.digest == first.digest && pair.notes == first.notes && pair.train.count == first.train.count)
        }
        return pair
      }
    }
  }

  @Test func aValidIndexSparesScanAndCheck() throws {
    try withIndex { tree, open in
      #expect(try open(nil).index == nil)
      // Written in place, no folder changes: what would be found by checking is not.
      try tree.write("train/cat/0.png", "")
      #expect(try open(nil).index == nil)
    }
  }

  @Test(arguments: ["train/cat/9.png", "train/dog/deep/1.png", "val/cat/9.png", "train/eel/1.png"])
  func aNewFileMakesItInvalid(path: String) throws {
    try withIndex { tree, open in
      try tree.write(path, TestImage.png())
      let pair = try open(nil)
      #expect(pair.index != nil && pair.imageCount == 13)
    }
  }

  @Test func soDoOtherChanges() throws {
    try withIndex { tree, open in
      #expect(try open(ClassList(["cat"])).train.count == 4)
      try tree.remove("train/cat/0.png")
      #expect(try open(nil).train.count == 7)
    }
    try withIndex { tree, open in
      try tree.remove("val")
      #expect(try open(nil).test == nil)
    }
  }

  @Test func aDamagedOrForeignIndexIsNotUsed() throws {
    try withTemporaryFolder { folder in
      let tree = try MadeTree.pets(in: folder.appendingPathComponent("pets"))
      try tree.age()
      let options = DatasetOptions(indexFile: folder.appendingPathComponent("index").path)
      let file = URL(fileURLWithPath: options.indexFile!)
      let index = try #require(try open(tree, options).index)
      var flipped = index
      flipped[index.count / 2] ^= 1
      for bytes in [Data(), Data("text".utf8), index.dropLast(), flipped] {
        try Data(bytes).write(to: file)
        #expect(try open(tree, options).index == index)
      }
      // The same files in another folder.
      let copy = MadeTree(in: folder.appendingPathComponent("copy"))
      try FileManager.default.copyItem(at: tree.folder, to: copy.folder)
      try copy.age()
      try index.write(to: file)
      #expect(try open(tree, options).index == nil)
      #expect(try open(copy, options).index != nil)
    }
  }

  /// Two changes within a tick of the file system's clock leave the same time.
  @Test func aFolderThatHasJustChangedIsReadAgain() throws {
    try withTemporaryFolder { folder in
      let tree = try MadeTree.pets(in: folder.appendingPathComponent("pets"))
      let options = DatasetOptions(indexFile: folder.appendingPathComponent("index").path)
      try #require(try open(tree, options).index).write(to: URL(fileURLWithPath: options.indexFile!))
      #expect(try open(tree, options).index != nil)
    }
  }

  /// What was damaged is looked at again, what was not is not.
  @Test func ignoredFaultsAreRemembered() throws {
    try withIndex(.skip, damaged: true) { tree, open in
      let again = try open(nil)
      #expect(again.index == nil && again.warnings.count == 1)
      try tree.write("train/cat/1.png", TestImage.png())
      let repaired = try open(nil)
      #expect(repaired.index != nil && repaired.warnings.isEmpty)
    }
  }

  /// A disk may be mounted later than a job starts.
  @Test func whatABrokenLinkLedToMayComeBack() throws {
    try withTemporaryFolder { folder in
      let tree = try MadeTree.pets(in: folder.appendingPathComponent("pets"))
      let disk = MadeTree(in: folder.appendingPathComponent("disk"))
      for path in ["train/eel", "train/cat/more"] { try tree.link(path, to: disk.path) }
      try tree.age()
      let options = DatasetOptions(indexFile: folder.appendingPathComponent("index").path, onError: .skip)
      let first = try open(tree, options)
      try #require(first.index).write(to: URL(fileURLWithPath: options.indexFile!))
      #expect(first.train.count == 8 && first.train.classNames == ["cat", "dog"])
      #expect(
        first.warnings == [
          "folder:\(tree.path): 2 faults in folders and lists: \(tree.path)/train/eel: it is a broken link to "
            + "\(disk.path); \(tree.path)/train/cat/more: it is a broken link to \(disk.path)"
        ])
      try disk.addImages(2, to: "deep")
      try tree.remove("train/cat/more")
      try tree.age()
      #expect(try open(tree, options).train.classNames == ["cat", "dog", "eel"])
    }
  }

  // MARK: Real images

  @Test(
    .enabled(
      if: Golden.dataFolder("tiny-imagenet100") != nil,
      "\(Golden.missing("tiny-imagenet100", variable: "SLUICE_DATA"))"))
  func tinyImageNetOpens() throws {
    let folder = try #require(Golden.dataFolder("tiny-imagenet100"))
    let pair = try DatasetSource.open("folder:\(folder.path)", on: .alone())
    #expect(pair.train.count == 3500 && pair.test?.count == 700 && pair.train.classCount == 14)
    #expect(pair.warnings == [])
    #expect(try pair.train.image(at: 3499).width == 64)
    // It has 14 of the 100 classes.
    let error = #expect(throws: AgreedFailure.self) {
      try DatasetSource.open("imagenet100:\(folder.path)", on: .alone())
    }
    #expect(error?.message.contains("lacks 86 of the 100 classes of the list (n01558993, ") == true)
    let list = ClassList(Array(pair.train.classNames.prefix(3)))
    let some = try DatasetSource.open(
      "imagenet100:\(folder.path)", DatasetOptions(classList: list), on: .alone())
    #expect(some.train.count == 750 && some.test?.count == 150)
  }

  @Test(
    .enabled(
      if: Golden.dataFolder("imagenet100-sample") != nil,
      "\(Golden.missing("imagenet100-sample", variable: "SLUICE_DATA"))"))
  func aPartOfImageNetOpens() throws {
    let folder = try #require(Golden.dataFolder("imagenet100-sample"))
    let pair = try DatasetSource.open("imagenet100:\(folder.path)", on: .alone())
    #expect(
      pair.train.count == 100 && pair.test == nil && pair.train.classNames == ClassList.imageNet100.names)
    #expect((0..<100).map(pair.train.label) == Array(0..<100))
    #expect(pair.warnings == ["\(folder.path) has no folder val: there are no test images"])
    for index in 0..<100 { #expect(throws: Never.self) { try pair.train.storedImage(at: index) } }
  }
}
