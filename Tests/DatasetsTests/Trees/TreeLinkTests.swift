import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Links in a tree: those to folders elsewhere are followed, others are faults that name them.
@Suite struct TreeLinkTests {
  private func write(_ tree: MadeTree, _ names: String...) throws {
    for name in names { try tree.write(name, "") }
  }

  /// How people choose classes of a large tree.
  @Test func aSubsetMayBeMadeOfLinks() throws {
    let listing = try scan { tree in
      for name in ["a", "b", "c"] { try write(tree, "big/train/\(name)/1.png", "big/val/\(name)/1.png") }
      for part in ["train", "val"] {
        for name in ["a", "c"] { try tree.link("\(part)/\(name)", to: "../big/\(part)/\(name)") }
      }
    }
    #expect(paths(listing.train) == ["train/a/1.png", "train/c/1.png"])
    #expect(paths(listing.test) == ["val/a/1.png", "val/c/1.png"])
    #expect(listing.facts.faults == [] && listing.facts.warnings == [])
  }

  @Test func brokenLinksAreFaults() throws {
    let listing = try scan { tree in
      try write(tree, "train/a/1.png", "val/a/1.png")
      for path in ["train/b", "train/a/more", "val/b"] { try tree.link(path, to: "/none") }
      try tree.link("train/self", to: "self")
      // Images' names are looked at when images are.
      try tree.link("train/a/2.png", to: "/none")
    }
    #expect(listing.facts.classNames == ["a"] && listing.train.count == 2)
    #expect(
      listing.facts.faults == [
        DataFault(name: "DIR/train/b", reason: "it is a broken link to /none"),
        DataFault(name: "DIR/train/self", reason: "it is a broken link to self"),
        DataFault(name: "DIR/train/a/more", reason: "it is a broken link to /none"),
        DataFault(name: "DIR/val/b", reason: "it is a broken link to /none"),
      ])
  }

  /// A listed class keeps its label; links of other classes are nobody's business.
  @Test func aListedClassMayBeABrokenLink() throws {
    let listing = try scan(classes: ["a", "b"]) { tree in
      try write(tree, "train/b/1.png")
      for name in ["a", "c"] { try tree.link("train/\(name)", to: "/none") }
    }
    #expect(listing.facts.classNames == ["a", "b"] && listing.train.classCounts == [0, 1])
    #expect(listing.facts.faults.map(\.name) == ["DIR/train/a"])
  }

  @Test func aTreeOfBrokenLinksIsExplained() {
    for classes in [nil, ["a", "b"]] {
      #expect(
        refusal(classes: classes) { tree in
          for name in ["a", "b"] { try tree.link("train/\(name)", to: "/none/\(name)") }
        }
          == "DIR/train holds no images: 2 links cannot be followed, the first is a: it is a broken link to /none/a"
      )
    }
    for part in ["train", "val"] {
      #expect(
        refusal { tree in
          try write(tree, "\(part == "val" ? "train" : "val")/a/1.png")
          try tree.link(part, to: "/none")
        } == "DIR/\(part) cannot be used: it is a broken link to /none")
    }
  }

  @Test func imagesOfTwoClassesAreAFault() throws {
    let listing = try scan { tree in
      try write(tree, "train/a/deep/1.png", "train/b/2.png", "val/a/1.png")
      try tree.link("train/c", to: "a")
      try tree.link("train/b/more", to: "../a/deep")
    }
    #expect(
      listing.facts.faults == [
        DataFault(
          name: "DIR/train/b/more",
          reason: "it is the same folder as DIR/train/a/deep: its images would be of two classes"),
        DataFault(
          name: "DIR/train/c",
          reason: "it is the same folder as DIR/train/a: its images would be of two classes"),
      ])
    // Whoever goes on without a stop trains on what is there.
    #expect(listing.train.classCounts == [1, 2, 1])
  }

  @Test(arguments: ["..", "../..", "../../val", "/"])
  func aLinkOutOfTheClassIsAFault(target: String) throws {
    let listing = try scan { tree in
      try write(tree, "train/a/1.png", "train/b/2.png", "val/a/1.png")
      try tree.link("train/a/up", to: target)
    }
    #expect(paths(listing.train) == ["train/a/1.png", "train/b/2.png"])
    #expect(listing.facts.faults.map(\.name) == ["DIR/train/a/up"])
    #expect(
      listing.facts.faults.first?.reason.hasSuffix(
        "whose images are not all of this class, and is not followed")
        == true)
  }

  @Test func imagesTwiceInOneClassAreAWarning() throws {
    let listing = try scan { tree in
      try write(tree, "train/a/deep/1.png", "val/a/1.png")
      for name in ["x", "y"] { try tree.link("train/a/\(name)", to: "deep") }
    }
    #expect(listing.train.count == 3 && listing.facts.faults == [])
    #expect(
      listing.facts.warnings == [
        "DIR/train/a/x is the same folder as DIR/train/a/deep: its images count twice, like those of 1 other folder"
      ])
  }
}
