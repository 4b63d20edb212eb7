import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct TreeScanTests {
  // MARK: Class folders

  @Test func everyFolderOfTrainIsAClass() throws {
    let listing = try scan { tree in
      for file in [
        "b/2.png", "b/1.JPEG", "b/deep/er/0.jpg", "b/note.txt", "a/1.Jpg", "a/noextension", ".cache/1.png",
      ] {
        try tree.write("train/\(file)", "")
      }
      try tree.write("val/a/1.png", "")
      try tree.write("val/b/1.png", "")
      try tree.write("train/stray.png", "")
    }
    #expect(listing.facts.classNames == ["a", "b"])
    #expect(
      paths(listing.train) == ["train/a/1.Jpg", "train/b/1.JPEG", "train/b/2.png", "train/b/deep/er/0.jpg"])
    #expect(paths(listing.test) == ["val/a/1.png", "val/b/1.png"])
    #expect(listing.facts.ignoredFiles == 2)
    #expect(listing.facts.warnings == [] && listing.facts.faults == [])
  }

  @Test func aListChoosesClassesOfBothParts() throws {
    let listing = try scan(.imageNet100, classes: ["c", "a"]) { tree in
      for name in ["a", "b", "c"] {
        try tree.write("train/\(name)/1.png", "")
        try tree.write("val/\(name)/2.png", "")
      }
    }
    #expect(listing.facts.classNames == ["a", "c"])
    #expect(paths(listing.train) == ["train/a/1.png", "train/c/1.png"])
    #expect(paths(listing.test) == ["val/a/2.png", "val/c/2.png"])
    #expect(listing.test?.label(at: 1) == 1)
  }

  @Test func linksAreFollowedAndLeadNowhereTwice() throws {
    let listing = try scan { tree in
      try tree.write("elsewhere/1.png", "")
      try tree.write("train/b/2.png", "")
      let manager = FileManager.default
      try manager.createSymbolicLink(at: tree.url("train/a"), withDestinationURL: tree.url("elsewhere"))
      try manager.createSymbolicLink(at: tree.url("elsewhere/up"), withDestinationURL: tree.url("elsewhere"))
      try manager.createSymbolicLink(at: tree.url("train/b/gone.png"), withDestinationURL: tree.url("none"))
    }
    // A link that leads nowhere is found out when it is opened.
    #expect(paths(listing.train) == ["train/a/1.png", "train/b/2.png", "train/b/gone.png"])
  }

  @Test func testStandsInForVal() throws {
    let listing = try scan { tree in
      try tree.write("train/a/1.png", "")
      try tree.write("test/a/1.png", "")
    }
    #expect(paths(listing.test) == ["test/a/1.png"] && listing.facts.testName == "test")
  }

  @Test func withoutValThereIsAWarning() throws {
    let folder = try scan { try $0.write("train/a/1.png", "") }
    #expect(folder.test == nil && folder.facts.warnings.count == 1)
    // The classes of ImageNet's test part are not known.
    let imageNet = try scan(.imageNet100, classes: ["a"]) { tree in
      try tree.write("train/a/1.png", "")
      try tree.write("test/1.png", "")
    }
    #expect(imageNet.test == nil && imageNet.facts.warnings.count == 1)
    let empty = try scan { tree in
      try tree.write("train/a/1.png", "")
      try tree.write("val/note.txt", "")
    }
    #expect(empty.test == nil && empty.facts.warnings.count == 1)
  }

  @Test func aClassThatValLacksIsAWarning() throws {
    let listing = try scan { tree in
      for name in ["a", "b", "c"] { try tree.write("train/\(name)/1.png", "") }
      try tree.write("val/b/1.png", "")
    }
    #expect(
      listing.facts.warnings.first?.hasSuffix("/val has no images of 2 of the 3 classes, the first is a")
        == true)
    #expect(listing.test?.classCounts == [0, 1, 0])
  }

  @Test func emptyClassFoldersAreFaults() throws {
    let listing = try scan { tree in
      try tree.write("train/a/1.png", "")
      try tree.write("train/b/note.txt", "")
      try tree.write("val/a/note.txt", "")
      try tree.write("val/b/1.png", "")
    }
    #expect(
      listing.facts.faults
        == ["train/b", "val/a"].map {
          DataFault(name: "DIR/\($0)", reason: "the class folder holds no images")
        })
    #expect(listing.train.classCounts == [1, 0])
    // They are no warnings as well.
    #expect(listing.facts.warnings == [])
  }

  @Test func layoutsThatAreNoneAreExplained() {
    #expect(
      refusal { try $0.write("cat/1.png", "") }
        == "DIR has no folder train: folder:DIR expects DIR/train/CLASS/… and, to test on, DIR/val/CLASS/…")
    #expect(
      refusal(.imageNet100) { try $0.write("n01558993/1.png", "") }?
        .hasSuffix("DIR/val/CLASS/… or a flat DIR/val with a list of its classes") == true)
    #expect(refusal { try $0.write("train/1.png", "") } == "DIR/train holds no class folders")
    #expect(
      refusal { try $0.write("train/a/1.tiff", "") }
        == "DIR/train holds no images: files must end in .jpg, .jpeg or .png")
    #expect(
      refusal { tree in
        try tree.write("train/a/1.png", "")
        try tree.write("val/b/1.png", "")
      } == "DIR/val has a class that DIR/train does not have: b")
  }

  @Test func missingClassesAreListed() {
    #expect(
      refusal(classes: ["cat", "dog"]) { try $0.write("train/dog/1.png", "") }
        == "DIR/train lacks 1 of the 2 classes of the list (cat): name a tree that has them, another list with "
        + "--classes FILE (data.classes in a configuration)")
  }

  // MARK: A flat val

  /// Training folders a and b, and four images in one folder.
  private func flat(
    in folder: String = "val", names: [String] = (1...4).map { "ILSVRC2012_val_0000000\($0).JPEG" },
    _ lists: [String: String]
  ) -> (MadeTree) throws -> Void {
    { tree in
      for name in ["a", "b"] { try tree.write("train/\(name)/images/\(name)_0.JPEG", "") }
      for name in names { try tree.write("\(folder)/\(name)", "") }
      for (path, text) in lists { try tree.write(path, text) }
    }
  }

  @Test(arguments: [
    [
      "val/val_annotations.txt":
        "1.JPEG\tb\t0\t32\t44\t62\n2.JPEG\ta\t5\t5\t9\t9\n3.JPEG\tz\t0\t0\t1\t1\n4.JPEG\tb\t0\t0\t1\t1\n"
    ],
    [
      "LOC_val_solution.csv":
        "ImageId,PredictionString\n4,b 85 1 499 272 \n1,b 1 2 3 4 b 5 6 7 8 \n3,z 1 2 3 4\n2,a 1 2 3 4\n"
    ],
    ["imagenet_2012_validation_synset_labels.txt": "b\na\nz\nb\n"],
    [
      "val/ILSVRC2012_validation_ground_truth.txt": "7\n9\n8\n7\n",
      "map_clsloc.txt": "a 9 ant\nz 8 zebra\nb 7 a_bee\n",
    ],
  ])
  func everyListOfClassesIsRead(_ lists: [String: String]) throws {
    // The forms with names are written above with the numbers alone.
    let short = lists.mapValues { text in
      text.replacing(/(?m)^([1-4])(\.JPEG\t|,)/) { "ILSVRC2012_val_0000000\($0.1)\($0.2)" }
    }
    for folder in ["val", "val/images"] {
      let listing = try scan(.imageNet100, classes: ["a", "b"], making: flat(in: folder, short))
      let names = paths(listing.test).map { $0.dropFirst(folder.count + 1).dropFirst(22).prefix(1) }
      #expect(names == ["2", "1", "4"], "\(lists)")
      #expect(listing.test?.classCounts == [1, 2])
      #expect(
        listing.facts.ignoredFiles
          == (folder == "val" && lists.keys.contains { $0.hasPrefix("val/") } ? 1 : 0))
    }
  }

  @Test func someOfTheNumberedImagesWillDo() throws {
    let listing = try scan(
      classes: ["a", "b"],
      making: flat(
        names: ["ILSVRC2012_val_00000002.JPEG", "ILSVRC2012_val_00000004.JPEG"],
        ["imagenet_2012_validation_synset_labels.txt": "b\na\nb\nb\n"]))
    #expect(paths(listing.test).map { $0.suffix(6) } == ["2.JPEG", "4.JPEG"])
    // Other names are counted.
    let counted = try scan(
      classes: ["a", "b"],
      making: flat(names: ["x.png", "y.png"], ["imagenet_2012_validation_synset_labels.txt": "b\r\na\r\n"]))
    #expect(paths(counted.test) == ["val/y.png", "val/x.png"])
  }

  @Test func tinyImageNetIsReadAsItComes() throws {
    let listing = try scan(
      making: flat(
        in: "val/images", names: ["val_0.JPEG", "val_1.JPEG"],
        ["val/val_annotations.txt": "val_0.JPEG\tb\t0\t32\t44\t62\nval_1.JPEG\ta\t52\t55\t57\t59\n"]))
    #expect(paths(listing.train) == ["train/a/images/a_0.JPEG", "train/b/images/b_0.JPEG"])
    #expect(paths(listing.test) == ["val/images/val_1.JPEG", "val/images/val_0.JPEG"])
  }

  @Test(
    arguments: [
      (
        [:],
        "DIR/val holds images without class folders, and neither DIR nor DIR/val has a file that names their classes: "
          + "one of val_annotations.txt, LOC_val_solution.csv, imagenet_2012_validation_synset_labels.txt, "
          + "ILSVRC2012_validation_ground_truth.txt"
      ),
      (
        ["ILSVRC2012_validation_ground_truth.txt": "1\n"],
        "DIR/ILSVRC2012_validation_ground_truth.txt gives classes as numbers, and map_clsloc.txt, which says what they "
          + "mean, is not beside it: copy it there from a development kit of ILSVRC (2014 or later), or put "
          + "LOC_val_solution.csv or imagenet_2012_validation_synset_labels.txt in its place"
      ),
      (
        ["ILSVRC2012_validation_ground_truth.txt": "1\n\nx\n", "val/map_clsloc.txt": "a 1 ant\n"],
        "DIR/ILSVRC2012_validation_ground_truth.txt:3: 'x' is not the number of a class in val/map_clsloc.txt"
      ),
      (
        ["ILSVRC2012_validation_ground_truth.txt": "1\n", "map_clsloc.txt": "a 1 ant\nb\n"],
        "DIR/map_clsloc.txt:2: expected a WordNet id and a number, found 'b'"
      ),
      (
        ["val_annotations.txt": "ILSVRC2012_val_00000001.JPEG\ta\nrubbish\n"],
        "DIR/val_annotations.txt:2: expected an image and its class, found 'rubbish'"
      ),
      (
        ["val_annotations.txt": "ILSVRC2012_val_00000001.JPEG\ta\n"],
        "DIR/val_annotations.txt does not say which class ILSVRC2012_val_00000002.JPEG shows: it belongs to other images"
      ),
      (
        ["imagenet_2012_validation_synset_labels.txt": "a\nb\n"],
        "DIR/imagenet_2012_validation_synset_labels.txt does not say which class ILSVRC2012_val_00000003.JPEG shows: "
          + "it belongs to other images"
      ),
    ] as [([String: String], String)])
  func aFlatValWithoutItsClassesIsAnError(lists: [String: String], message: String) {
    #expect(refusal(classes: ["a", "b"], making: flat(lists)) == message)
  }

  @Test func asManyLinesAsImages() {
    #expect(
      refusal(making: flat(names: ["x.png"], ["imagenet_2012_validation_synset_labels.txt": "a\nb\n"]))
        == "DIR/imagenet_2012_validation_synset_labels.txt has 2 lines, the number of images is 1: it belongs to other images"
    )
  }
}
