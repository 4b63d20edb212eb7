import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Lists of the classes of a flat `val`, as people have them.
@Suite struct GroundTruthTests {
  /// Training folders a and b, and these images in one folder.
  private func flat(
    _ names: [String], _ lists: [String: String]
  ) -> (MadeTree) throws -> Void {
    { tree in
      for name in ["a", "b"] { try tree.write("train/\(name)/0.JPEG", "") }
      for name in names { try tree.write("val/\(name)", "") }
      for (path, text) in lists { try tree.write(path, text) }
    }
  }

  private func flat(_ lists: [String: String]) -> (MadeTree) throws -> Void {
    flat(["1.JPEG", "2.JPEG"], lists)
  }

  @Test(arguments: [
    "\"ImageId\",\"PredictionString\"\n\"1\",\"b 111 108 370 297\"\n\"2.JPEG\",\"a 1 2 3 4 a 5 6 7 8\"\n",
    "\u{FEFF}ImageId,PredictionString\r\n1,b 1 2 3 4 \r\n\r\n2,\"a 1 2 3 4\"\r\n",
    "1.JPEG,b\r2.JPEG,a",
  ])
  func commaSeparatedValuesMayBeQuoted(text: String) throws {
    let listing = try scan(making: flat(["LOC_val_solution.csv": text]))
    #expect(paths(listing.test) == ["val/2.JPEG", "val/1.JPEG"] && listing.facts.warnings == [])
  }

  @Test func aMarkOfBytesIsNoPartOfAName() throws {
    let listing = try scan(making: flat(["val_annotations.txt": "\u{FEFF}1.JPEG\tb\r\n2.JPEG\ta\r\n"]))
    #expect(paths(listing.test) == ["val/2.JPEG", "val/1.JPEG"])
  }

  /// Whoever goes on without a stop does without these images.
  @Test(arguments: [
    ("val_annotations.txt", "1.JPEG\ta\n2.JPEG\tb\n1.JPEG\ta\n\n1.JPEG\tb\n", 5),
    (
      "LOC_val_solution.csv",
      "ImageId,PredictionString\n1.JPEG,a 1 1 1 1\n2,b 1 1 1 1\n\"1.JPEG\",b 2 2 2 2\n", 4
    ),
  ])
  func contradictionsAreFaults(list: String, text: String, line: Int) throws {
    let listing = try scan(making: flat([list: text]))
    #expect(
      listing.facts.faults == [
        DataFault(
          name: "DIR/\(list):\(line)",
          reason: "1.JPEG is of class b here, of class a in line \(list.hasSuffix("csv") ? 2 : 1)")
      ])
    #expect(paths(listing.test) == ["val/2.JPEG"])
  }

  @Test func equalNamesOfDifferentFormatsAreNoContradiction() throws {
    let listing = try scan(
      making: flat(["1.jpg", "1.png", "2.jpg"], ["val_annotations.txt": "1.jpg\ta\n1.png\tb\n2.JPEG\tb\n"]))
    #expect(paths(listing.test) == ["val/1.jpg", "val/1.png", "val/2.jpg"])
    #expect(listing.test?.classCounts == [1, 2] && listing.facts.faults == [])
  }

  @Test func twoMeaningsOfANumberAreAnError() {
    #expect(
      refusal(
        making: flat([
          "ILSVRC2012_validation_ground_truth.txt": "1\n2\n",
          "map_clsloc.txt": "a 1 ant\nb 2 bee\nb 2 bee\nb 1 bee\n",
        ])) == "DIR/map_clsloc.txt:4: number 1 is b here and a in line 1")
  }

  @Test func missingImagesAreCountedAndNamed() throws {
    func warnings(_ names: [String], _ lists: [String: String]) throws -> [String] {
      try scan(classes: ["a", "b"], making: flat(names, lists)).facts.warnings
    }
    let lines = ["1.JPEG\ta", "2.JPEG\tb"] + (3...7).map { "\($0).JPEG\t\($0 == 5 ? "z" : "a")" }
    // Images of classes that are not used are not missed.
    #expect(
      try warnings(["1.JPEG", "2.JPEG"], ["val/val_annotations.txt": lines.joined(separator: "\n")]) == [
        "DIR/val/val_annotations.txt has 4 images that DIR/val does not have: 3.JPEG, 4.JPEG, 6.JPEG, …"
      ])
    #expect(
      try warnings(
        ["ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00000003.JPEG"],
        ["imagenet_2012_validation_synset_labels.txt": "a\nb\nb\n"]) == [
          "DIR/imagenet_2012_validation_synset_labels.txt has 1 image that DIR/val does not have: number 2"
        ])
  }

  @Test func imagesWithoutAClassFolderAreCounted() throws {
    let lists = ["val_annotations.txt": "1.JPEG\ta\n2.JPEG\tz\n"]
    #expect(
      try scan(making: flat(lists)).facts.warnings == [
        "DIR/val_annotations.txt: 1 image of the class z, which DIR/train does not have, left out",
        "DIR/val has no images of the class b",
      ])
    #expect(
      try scan(classes: ["a", "b"], making: flat(lists)).facts.warnings == [
        "DIR/val has no images of the class b"
      ])
  }
}
