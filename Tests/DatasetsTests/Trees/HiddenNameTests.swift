import Foundation
import TestSupport
import Testing

@testable import Datasets

/// What programs leave in people's folders is no data, at any depth.
@Suite struct HiddenNameTests {
  private static let sound = ["train/a/1.png", "train/b/deep/2.png", "val/a/1.png", "val/b/1.png"]
  private static let hidden = [
    "train/a/._1.png", "train/a/.ipynb_checkpoints/1.png", "train/b/deep/@eaDir/2.png", "train/.git/1.png",
    "train/__MACOSX/a/1.png", "train/#recycle/1.png", "train/lost+found/1.png", "train/$RECYCLE.BIN/1.png",
    "val/System Volume Information/1.png", "val/a/.DS_Store", "val/__MACOSX/._1.png",
  ]

  @Test func itIsLeftOutAndCounted() throws {
    func make(_ names: [String]) throws -> TreeListing {
      try scan { tree in for name in names { try tree.write(name, "") } }
    }
    let (clean, full) = (
      try make(Self.sound), try make(Self.sound + Self.hidden + [".git/1", "val/b/Thumbs.db"])
    )
    #expect(full.facts.classNames == ["a", "b"] && full.digest == clean.digest)
    #expect(clean.facts.hidden == .init())
    #expect(full.facts.hidden == .init(count: Self.hidden.count, first: "train/#recycle"))
    #expect(full.facts.ignoredFiles == 1 && full.facts.faults == [])
  }

  @Test func aFlatFolderIsNoDifferent() throws {
    for folder in ["val", "val/images"] {
      let listing = try scan { tree in
        for name in [
          "train/a/1.png", "\(folder)/1.png", "\(folder)/._1.png", "val/.DS_Store", "val/__MACOSX/1.png",
        ] {
          try tree.write(name, "")
        }
        try tree.write("val/val_annotations.txt", "1.png\ta\n")
      }
      #expect(paths(listing.test) == ["\(folder)/1.png"] && listing.facts.hidden.count == 3)
    }
  }

  @Test(arguments: [
    (["val/.DS_Store"], "folder: 1 hidden file or folder left out: val/.DS_Store"),
    (
      ["val/.DS_Store", "train/cat/@eaDir/x.png"],
      "folder: 2 hidden files and folders left out, the first is train/cat/@eaDir"
    ),
  ])
  func oneNoteSaysSo(names: [String], note: String) throws {
    try withTemporaryFolder { folder in
      let tree = try MadeTree.pets(in: folder)
      for name in names { try tree.write(name, "") }
      let notes = try DatasetSource.open("folder:\(tree.path)", on: .alone()).notes
      #expect(notes.count == 2 && notes.last == note)
    }
  }
}
