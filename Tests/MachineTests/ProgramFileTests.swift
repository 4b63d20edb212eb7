import Testing

@testable import Machine

/// What tells one build of the program from another.
@Suite struct ProgramFileTests {
  private static let maps = """
    55d0c0000000-55d0c0100000 r--p 00000000 08:01 42                         /opt/a b/sluice
    55d0c0100000-55d0c0500000 r-xp 00100000 08:01 42                         /opt/a b/sluice
    55d0c0500000-55d0c0510000 rw-p 00000000 00:00 0 
    7f0000000000-7f0000900000 r-xp 00000000 08:01 43                         /usr/lib/libmpi.so.40
    7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
    """

  @Test func itsFileIsReadAsFarAsItIsLoaded() {
    #expect(ProgramFile.loadedBytes(of: "/opt/a b/sluice", maps: Self.maps) == 0x50_0000)
    #expect(ProgramFile.loadedBytes(of: "/opt/other", maps: Self.maps) == nil)
    #expect(ProgramFile.loadedBytes(of: "/opt/a b/sluice", maps: "f-1 r 0 0 0 /opt/a b/sluice\nx") == nil)
  }

  @Test func aProgramAlwaysHasTheSameDigest() throws {
    let digest = try #require(ProgramFile.digest())
    #expect(digest.count == 64 && digest == ProgramFile.digest())
  }
}
