import Chain
import Foundation
import NIOCore
import NIOPosix
import Primitives
import RPC
import Testing

@testable import NodeClient

@Suite struct EventTests {
    /// All entries that the stream sends until the server or the clock ends it.
    private func entries(
        _ server: TestServer, _ query: String = "", headers: String = "", milliseconds: Int = 600
    ) async throws -> [EventStreamParser.Entry] {
        let request = "GET /v1/events\(query) HTTP/1.1\r\nHost: x\r\n\(headers)\r\n"
        let bytes = try await RawHTTP.exchange(Array(request.utf8), with: server.port, milliseconds: milliseconds)
        let answer = try #require(RawHTTP.parse(bytes))
        #expect(answer.status == 200 && answer.headers["content-type"] == "text/event-stream")
        var parser = EventStreamParser()
        parser.append(answer.body)
        var found: [EventStreamParser.Entry] = []
        while let entry = parser.next() { found.append(entry) }
        return found
    }

    @Test func resumesAnywhereWithoutGapsOrDoubles() async throws {
        try await TestServer.with(isDriven: false) { server in
            for number in 0..<5 {
                _ = try await server.node.submit([server.transaction("e\(number)", calls: 3)])
                try await server.node.makeBlock()
            }
            let all = try await entries(server, "?kinds=block,receipt,event&after=0").filter { !$0.data.isEmpty }
            #expect(all.count == 25)
            #expect(all.map(\.kind).prefix(5) == ["event", "event", "event", "receipt", "block"])
            let positions = all.compactMap { $0.id.flatMap { StreamPosition($0) } }
            #expect(positions.count == all.count)
            #expect(positions == positions.sorted() && Set(positions).count == positions.count)
            for cut in [0, 1, 4, 6, 13] {
                let id = try #require(all[cut].id)
                let rest = try await entries(
                    server, "?kinds=block,receipt,event&after=0", headers: "Last-Event-ID: \(id)\r\n", milliseconds: 300
                )
                #expect(rest.filter { !$0.data.isEmpty } == Array(all[(cut + 1)...]), "after \(id)")
            }
        }
    }

    @Test func filtersByKindAndInstance() async throws {
        try await TestServer.with(isDriven: false) { server in
            _ = try await server.node.submit([server.transaction("x", calls: 2)])
            try await server.node.makeBlock()
            let events = try await entries(server, "?kinds=event&instance=echo&after=0", milliseconds: 300)
            #expect(events.filter { $0.kind == "event" }.count == 2)
            let none = try await entries(server, "?kinds=event,block&instance=other&after=0", milliseconds: 300)
            #expect(none.filter { !$0.data.isEmpty }.map(\.kind) == ["block"])
            let entry = try #require(events.first { $0.kind == "event" })
            let notice = try ChainNotice(kind: .event, parsing: entry.data)
            guard case .event(let found) = notice else { throw TestFailure("no event") }
            #expect(found.height == Height(1) && found.event.payload == Array("x".utf8))
        }
    }

    @Test func filtersByNumberAndByWhatEventsName() async throws {
        try await TestServer.with(isDriven: false) { server in
            let named = "an account has thirty-two bytes!"
            for text in ["something else", "before \(named) behind", named, "an account has thirty-two bytes?"] {
                _ = try await server.node.submit([server.transaction(text)])
            }
            try await server.node.makeBlock()
            func payloads(_ query: String) async throws -> [String] {
                try await entries(server, "?kinds=event&after=0&\(query)", milliseconds: 300).filter {
                    $0.kind == "event"
                }.map { entry in
                    guard case .event(let found) = try ChainNotice(kind: .event, parsing: entry.data) else {
                        throw TestFailure("no event")
                    }
                    return String(decoding: found.event.payload, as: UTF8.self)
                }
            }
            let digest = Hex.encode(Array(named.utf8))
            #expect(Set(try await payloads("names=\(digest)")) == ["before \(named) behind", named])
            #expect(try await payloads("names=\(digest)&instance=other").isEmpty)
            let number = try await entries(server, "?kinds=event&after=0", milliseconds: 300).compactMap { entry in
                (try? ChainNotice(kind: .event, parsing: entry.data)).flatMap { notice -> UInt16? in
                    if case .event(let found) = notice { found.event.kind } else { nil }
                }
            }
            let kind = try #require(number.first)
            #expect(try await payloads("events=\(kind &+ 1),\(kind)").count == 4)
            #expect(try await payloads("events=\(kind &+ 1)").isEmpty)
            #expect(try await payloads("events=\(kind)&names=\(digest)").count == 2)
            for wrong in [
                "events=", "events=70000", "events=1,", "events=a-b", "events=1a", "names=12", "names=\(digest)0",
            ] {
                let refused = try await server.call("GET", "/v1/events?\(wrong)")
                #expect(refused.status == 400, "\(wrong): \(refused.status)")
            }
        }
    }

    @Test func filtersByTheNamesOfTheInterface() async throws {
        try await TestServer.with(isDriven: false) { server in
            _ = try await server.node.submit([server.transaction("x", calls: 2)])
            try await server.node.makeBlock()
            func count(_ query: String) async throws -> Int {
                try await entries(server, "?kinds=event&after=0&instance=echo&\(query)", milliseconds: 300).filter {
                    $0.kind == "event"
                }.count
            }
            #expect(try await count("events=echoed") == 2)
            #expect(try await count("events=faded,echoed") == 2)
            #expect(try await count("events=2,echoed") == 2)
            #expect(try await count("events=faded") == 0)
            for (query, words) in [
                ("events=fadet&instance=echo", "declares no event 'fadet'. It declares echoed, faded."),
                ("events=echoed", "say with `instance` whose 'echoed' is meant"),
                ("events=echoed&instance=nowhere", "There is no contract instance nowhere"),
            ] {
                let refused = try await server.call("GET", "/v1/events?\(query)")
                #expect(refused.status == 404, "\(query): \(refused.status)")
                #expect(String(decoding: refused.body, as: UTF8.self).contains(words), "\(query)")
            }
        }
    }

    /// Looking through the chain costs the same whatever the filter leaves of it.
    @Test func whatIsLookedThroughIsPaidFor() async throws {
        try await TestServer.with(LimitTests.limited(tokens: 20), isDriven: false) { server in
            for _ in 0..<200 { try await server.node.makeBlock() }
            let found = try await entries(server, "?kinds=event&instance=other&after=0", milliseconds: 600)
            #expect(found.allSatisfy { $0.data.isEmpty })
            // A turn costs more than the client has: it waits until it has paid, and so do its other requests.
            let answer = try await server.call("GET", "/healthz")
            #expect(answer.status == 429)
            #expect((answer.headers["retry-after"].flatMap { Int($0) } ?? 0) >= 8)
        }
    }

    /// A stream that finds nothing keeps its connection open and says how far it is, while blocks come all the time.
    @Test func streamsThatFindNothingSayWhereTheyAre() async throws {
        try await TestServer.with(idleMilliseconds: 20) { server in
            let found = try await entries(server, "?kinds=event&instance=other&after=0", milliseconds: 3_500)
            let last = try #require(found.last?.id.flatMap { StreamPosition($0) })
            #expect(found.count >= 2 && found.allSatisfy { $0.data.isEmpty })
            #expect(last.height > Height(2))
        }
    }

    @Test func quietStreamsGetHeartbeatsAndIds() async throws {
        try await TestServer.with(isDriven: false) { server in
            let found = try await entries(server, milliseconds: 2_600)
            #expect(found.count >= 2)
            #expect(found.allSatisfy { $0.id == "0" && $0.data.isEmpty })
        }
    }

    @Test func shutdownEndsStreamsWithAWord() async throws {
        let task = try await TestServer.with { server in
            let task = Task { try await entries(server, milliseconds: 10_000) }
            try await server.wait(forStreams: 1)
            return task
        }
        let last = try #require(try await task.value.last)
        #expect(last.kind == "end")
        let end = try JSONCoder<StreamEnd>.streamEnd.value(parsing: last.data)
        #expect(end.reason == "stopping" && StreamPosition(end.resumeAfter) != nil)
    }

    @Test func prunedBlocksEndTheStream() async throws {
        try await TestServer.with(isDriven: false) { server in
            for _ in 0..<5 { try await server.node.makeBlock() }
            await server.node.set(prunedBelow: 3)
            let found = try await entries(server, "?after=0", milliseconds: 5_000)
            #expect(found.last?.kind == "end")
            let text = String(decoding: found.last?.data ?? [], as: UTF8.self)
            #expect(text.contains("pruned"))
        }
    }

    @Test func streamsAreBounded() async throws {
        var configuration = APIConfiguration.testing
        configuration.eventStreamsPerClientMax = 2
        try await TestServer.with(configuration) { server in
            let running = (0..<2).map { _ in Task { try await entries(server, milliseconds: 2_000) } }
            try await server.wait(forStreams: 2)
            let refused = try await server.call("GET", "/v1/events")
            #expect(refused.status == 429 && refused.headers["retry-after"] != nil)
            for task in running { _ = try await task.value }
            // The places are free again once the clients are gone and a write has noticed it.
            try await server.wait(forStreams: 0)
            #expect(try await entries(server, milliseconds: 300).isEmpty == false)
        }
    }

    @Test func goneReadersFreeTheirPlace() async throws {
        var configuration = APIConfiguration.testing
        configuration.eventHeartbeatSeconds = 3_600
        try await TestServer.with(configuration, isDriven: false) { server in
            let started = ContinuousClock.now
            _ = try await entries(server, milliseconds: 300)
            try await server.wait(forStreams: 0)
            #expect(ContinuousClock.now - started < .seconds(60))
        }
    }

    /// A reader that stops reading while the chain goes on is told so once it reads again, or is cut off.
    @Test func slowReaderIsLetGo() async throws {
        var configuration = APIConfiguration.testing
        configuration.eventLagBlocksMax = 20
        configuration.writeStallSecondsMax = 20
        try await TestServer.with(configuration, isDriven: false) { server in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(ChannelOptions.autoRead, value: false)
                .channelOption(ChannelOptions.socketOption(.so_rcvbuf), value: 4_096)
                .connect(host: "127.0.0.1", port: server.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(
                                backPressureStrategy: .init(lowWatermark: 1, highWatermark: 1)))
                    }
                }
            let text = try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"))
                try await Task.sleep(for: .milliseconds(200))
                let filler = String(repeating: "x", count: 1_000)
                for number in 0..<300 {
                    _ = try await server.node.submit([
                        server.transaction(filler, calls: 32, salt: UInt64(number))
                    ])
                    try await server.node.makeBlock()
                    if number % 10 == 0 { try await Task.sleep(for: .milliseconds(5)) }
                }
                try await channel.channel.setOption(ChannelOptions.autoRead, value: true).get()
                var tail: [UInt8] = []
                for try await part in inbound {
                    tail = (tail + part.readableBytesView).suffix(4_096)
                    if RawHTTP.range(of: Array("event: end".utf8), in: tail) != nil { break }
                }
                return String(decoding: tail, as: UTF8.self)
            }
            #expect(text.contains("event: end") && text.contains("slow"))
            let metrics = try await server.call("GET", "/metrics").text
            #expect(metrics.contains("commonwatt_http_streams_slow_total 1"))
        }
    }
}
