#if LIBFUZZER
  import Foundation
  import Foundations

  // libFuzzer, which scripts/fuzz links: it changes inputs so that they reach code that none has reached before.

  @_silgen_name("LLVMFuzzerRunDriver")
  private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
  ) -> CInt

  /// The parser that FUZZ_PARSER names, and the folder that it works in.
  private nonisolated(unsafe) let guided:
    (parser: FileParser, folder: String, read: ([UInt8]) throws -> Void) = {
      let name = ProcessInfo.processInfo.environment["FUZZ_PARSER"] ?? ""
      guard let parser = FileParser.all.first(where: { $0.name == name }) else {
        fail("FUZZ_PARSER must be one of " + FileParser.all.map(\.name).joined(separator: ", "))
      }
      do {
        let folder = try Campaign.makeFolder()
        return (parser, folder, try parser.open(folder))
      } catch {
        fail("\(error)")
      }
    }()

  /// Hands the command line to libFuzzer.
  func runGuided() -> Never {
    var (count, words) = (CommandLine.argc, CommandLine.unsafeArgv)
    _ = guided
    // libFuzzer does not return.
    atexit { try? DurableFiles.remove(guided.folder) }
    exit(
      runDriver(&count, &words) { bytes, count in
        let input = guided.parser.repair(Array(UnsafeBufferPointer(start: bytes, count: count)))
        _ = try? guided.read(input)
        return 0
      })
  }
#endif
