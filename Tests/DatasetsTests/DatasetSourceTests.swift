import Datasets
import Testing

@Suite struct DatasetSourceTests {
  @Test func formsAreParsed() throws {
    #expect(try DatasetSource(parsing: "cifar10:some/dir") == .cifar10(folder: "some/dir"))
    #expect(try DatasetSource(parsing: "cifar100:/a:b") == .cifar100(folder: "/a:b"))
    #expect(try DatasetSource(parsing: "packed:a/b") == .packed(folder: "a/b"))
    #expect(
      try DatasetSource(parsing: "imagenet100:/data/imagenet") == .imageNet100(folder: "/data/imagenet"))
    #expect(try DatasetSource(parsing: "folder:.") == .folder("."))
    #expect(try DatasetSource(parsing: "shapes") == .shapes(train: 8000, test: 2000))
    #expect(try DatasetSource(parsing: "shapes:512x128") == .shapes(train: 512, test: 128))
  }

  @Test(arguments: [
    ("cifar-10:x", "did you mean cifar10:DIR?"),
    ("shaeps", "did you mean shapes?"),
    ("imagenet:x", "did you mean imagenet100:DIR?"),
    (
      "quite-another",
      "there are cifar10:DIR, cifar100:DIR, imagenet100:DIR, folder:DIR, packed:DIR, shapes, shapes:TRAINxTEST"
    ),
    ("cifar10", "a folder must follow the colon, for example cifar10:DIR"),
    ("folder:", "a folder must follow the colon, for example folder:DIR"),
    ("imagenet100", "a folder must follow the colon, for example imagenet100:DIR"),
    ("folders:x", "did you mean folder:DIR?"),
    ("cifar100:", "a folder must follow the colon"),
    ("shapes:0x5", "two counts from 1 to"),
    ("shapes:512", "two counts from 1 to"),
    ("shapes:", "two counts from 1 to"),
    ("", "is unknown"),
  ])
  func mistakesAreExplained(text: String, expected: String) {
    let error = #expect(throws: DatasetError.self) { try DatasetSource(parsing: text) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "no error")")
  }
}
