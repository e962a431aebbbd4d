/* The course of a shipment: the curve with what was not seen and what was possible there, the place
   on the plan that belongs to the cursor, and on the way what comes in. Without it the page shows
   both as pictures. */
(function () {
  "use strict";
  const home = document.getElementById("course");
  const box = document.getElementById("curve");
  const at = document.getElementById("at");
  const legend = document.getElementById("legend");
  const keys = document.getElementById("curve-keys");
  const whole = document.getElementById("whole");
  const planHome = document.getElementById("way");
  const said = home.dataset;
  const shipment = said.shipment;
  const zh = said.lang === "zh";
  const HEIGHT = 330;
  const LANE = 16;
  const INK = ["#1d4e7a", "#0f766e", "#7a5c1d", "#6b4a8a", "#3b5b7a", "#8a4a5a"];
  const SVG = "http://www.w3.org/2000/svg";
  const PICTURE = "image/svg+xml";
  let course = null;
  let plot = null;
  let dot = null;
  let part = null;
  let floor = -Infinity;  // of the curve; below it are the rows of stops and the lid
  let places = [];  // of the way: UTC epoch seconds, x, y

  function clock(seconds, parts) {
    return new Date(seconds * 1000).toLocaleString(zh ? "zh-CN" : "en-GB",
      Object.assign({ timeZone: "Asia/Shanghai", hour12: false }, parts));
  }
  const short = { hour: "2-digit", minute: "2-digit" };
  const day = { month: "2-digit", day: "2-digit" };
  const long = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };

  function degrees(celsius) {
    return celsius.toFixed(2).replace(/0$/, "").replace("-", "−") + " °C";
  }

  /* One table of all probes by time: null where a line begins anew, nothing where another probe alone
     has a reading, which breaks no line. */
  function tables() {
    if (!course.probes.length) { return [[course.from_s, course.from_s + course.to_s]]; }
    return uPlot.join(course.probes.map(function (probe) {
      return [probe.time_s.map(function (s) { return course.from_s + s; }), probe.value_c];
    }));
  }

  function colour(n) { return INK[n % INK.length]; }

  function range() {
    let low = Infinity;
    let high = -Infinity;
    function take(value) { if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); } }
    course.probes.forEach(function (probe) { if (probe.judged) { probe.value_c.forEach(take); } });
    [course.low_c, course.high_c].forEach(take);
    course.probes.forEach(function (probe) { if (!probe.judged) { probe.value_c.forEach(take); } });
    if (low > high) { low = 0; high = 10; }
    const air = Math.max((high - low) * 0.08, 1);
    return [low - air, high + air];
  }

  function under(u) {
    const c = u.ctx;
    const b = u.bbox;
    function x(s) { return u.valToPos(course.from_s + s, "x", true); }
    function y(value) {
      return Math.max(b.top, Math.min(b.top + b.height, u.valToPos(value, "y", true)));
    }
    c.save();
    c.beginPath();
    c.rect(b.left, b.top, b.width, b.height);
    c.clip();
    if (course.low_c !== null || course.high_c !== null) {
      const top = course.high_c === null ? b.top : y(course.high_c);
      const bottom = course.low_c === null ? b.top + b.height : y(course.low_c);
      c.fillStyle = "#e6f0ee";
      c.fillRect(b.left, top, b.width, bottom - top);
    }
    course.episodes.forEach(function (one) {
      c.fillStyle = one.weighs ? "#f3d9d5" : "#fcf1de";
      c.fillRect(x(one.start_s), b.top, Math.max(x(one.end_s) - x(one.start_s), 2), b.height);
    });
    course.unseen.forEach(function (one) {
      const left = x(one.start_s);
      const wide = Math.max(x(one.end_s) - left, 1);
      c.save();
      c.beginPath();
      c.rect(left, b.top, wide, b.height);
      c.clip();
      c.strokeStyle = "#aab4be";
      c.lineWidth = 1;
      c.beginPath();
      for (let n = -b.height; n < wide; n += 9) {
        c.moveTo(left + n, b.top);
        c.lineTo(left + n + b.height, b.top + b.height);
      }
      c.stroke();
      c.restore();
    });
    c.setLineDash([4, 3]);
    course.possible.forEach(function (corners) {
      if (!corners.length) { return; }
      c.beginPath();
      corners.forEach(function (one, n) {
        const to = u.valToPos(one[1], "y", true);
        if (n) { c.lineTo(x(one[0]), to); } else { c.moveTo(x(one[0]), to); }
      });
      c.closePath();
      c.fillStyle = "rgba(160, 175, 188, 0.45)";
      c.strokeStyle = "#6b7884";
      c.fill();
      c.stroke();
    });
    if (course.window) {
      c.setLineDash([]);
      c.fillStyle = "rgba(244, 246, 244, 0.8)";
      const begun = x(course.window[0]);
      const done = x(course.window[1]);
      if (begun > b.left) { c.fillRect(b.left, b.top, begun - b.left, b.height); }
      if (done < b.left + b.width) { c.fillRect(done, b.top, b.left + b.width - done, b.height); }
    }
    c.restore();
  }

  function over(u) {
    const c = u.ctx;
    const b = u.bbox;
    const unit = window.devicePixelRatio || 1;
    function x(s) {
      return Math.max(b.left, Math.min(b.left + b.width, u.valToPos(course.from_s + s, "x", true)));
    }
    c.save();
    c.font = 11 * unit + "px sans-serif";
    c.textBaseline = "middle";
    [course.low_c, course.high_c].forEach(function (limit) {
      if (limit === null) { return; }
      const level = u.valToPos(limit, "y", true);
      if (level < b.top || level > b.top + b.height) { return; }
      c.strokeStyle = "#3f7f74";
      c.setLineDash([6 * unit, 4 * unit]);
      c.beginPath();
      c.moveTo(b.left, level);
      c.lineTo(b.left + b.width, level);
      c.stroke();
      c.setLineDash([]);
      c.fillStyle = "#2c6056";
      c.textAlign = "right";
      c.fillText(said.limit + " " + degrees(limit), b.left + b.width - 4 * unit, level - 8 * unit);
    });
    course.episodes.forEach(function (one) {
      if (!one.number) { return; }
      c.fillStyle = one.weighs ? "#9c1c1f" : "#7d4a00";
      c.textAlign = "center";
      c.fillText(String(one.number), (x(one.start_s) + x(one.end_s)) / 2, b.top + 9 * unit);
    });
    lanes().forEach(function (lane, n) {
      const level = b.top + b.height - (n * LANE + LANE / 2) * unit;
      c.fillStyle = "#4b5b6a";
      c.textAlign = "right";
      c.fillText(lane.title, b.left - 5 * unit, level);
      lane.marks.forEach(function (one) {
        const left = x(one.start_s);
        c.fillStyle = one.weighs && lane.weighs ? "#9c1c1f" : lane.ink;
        c.fillRect(left, level - 4 * unit, Math.max(x(one.end_s) - left, 2 * unit), 8 * unit);
      });
    });
    c.restore();
  }

  function lanes() {
    return [
      { title: said.lid, marks: course.lid_open, ink: "#18302f", weighs: false },
      { title: said.stops, marks: course.stops, ink: "#5b4a8a", weighs: true }
    ].filter(function (lane) { return lane.marks.length > 0; });
  }

  function nearest(second) {
    let first = 0;
    let last = places.length - 1;
    while (first < last) {
      const middle = (first + last) >> 1;
      if (places[middle][0] < second) { first = middle + 1; } else { last = middle; }
    }
    if (first > 0 && second - places[first - 1][0] < places[first][0] - second) { first -= 1; }
    return places[first];
  }

  function pointed(u) {
    const n = u.cursor.idx;
    if (n === null || n === undefined) { at.textContent = ""; mark(null); return; }
    const second = u.data[0][n];
    const values = course.probes.map(function (probe, k) {
      const value = u.data[k + 1][n];
      return value === null || value === undefined ? "" : probe.title + " " + degrees(value);
    }).filter(Boolean);
    at.textContent = clock(second, long) + " · " + (values.join(" · ") || said.none);
    mark(second);
  }

  function mark(second) {
    if (!dot) { return; }
    const place = second === null ? undefined : nearest(second);
    dot.setAttribute("visibility", place ? "visible" : "hidden");
    if (place) { dot.setAttribute("cx", place[1]); dot.setAttribute("cy", place[2]); }
  }

  function options(width) {
    return {
      width: width,
      height: HEIGHT,
      padding: [8, 12, 0, 0],
      tzDate: function (seconds) { return new Date(seconds * 1000 + 8 * 3600 * 1000); },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      select: { show: true },
      scales: { x: { time: true }, y: { range: function () {
        const found = range();
        floor = found[0];
        return [floor - (found[1] - floor) * lanes().length * 0.07, found[1]];
      } } },
      axes: [
        { stroke: "#46555f", grid: { stroke: "#e4e9e6" }, size: 56, values: function (_, splits) {
          let before = "";
          return splits.map(function (second) {
            const date = clock(second, day);
            const told = clock(second, short) + (date === before ? "" : "\n" + date);
            before = date;
            return told;
          });
        } },
        { stroke: "#46555f", grid: { stroke: "#e4e9e6" }, size: 46, values: function (_, splits) {
          return splits.map(function (value) {
            return value < floor ? "" : String(value).replace("-", "−");  // below stand the lanes
          });
        } }
      ],
      series: [{}].concat(course.probes.map(function (probe, n) {
        return {
          label: probe.title, stroke: colour(n), width: probe.judged ? 2.2 : 1.3,
          dash: probe.judged ? undefined : [5, 3], points: { show: probe.time_s.length < 3 }
        };
      })),
      hooks: { drawClear: [under], draw: [over], setCursor: [pointed], setSelect: [enlarge] }
    };
  }

  function enlarge(u) {
    if (u.select.width < 8) { return; }
    const from = u.posToVal(u.select.left, "x");
    const to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (to - from > 20) { part = [from, to]; load(); }
  }

  function showPlan() {
    if (!planHome || !course.way) { return; }
    const drawn = new DOMParser().parseFromString(course.way.svg, PICTURE).documentElement;
    dot = document.createElementNS(SVG, "circle");
    [["r", 6], ["fill", "#c0392b"], ["stroke", "#fff"], ["stroke-width", 2],
      ["visibility", "hidden"]].forEach(function (one) { dot.setAttribute(one[0], one[1]); });
    drawn.appendChild(dot);
    const ground = drawn.querySelector("rect");  // the sheet, first of all that is drawn
    course.way.tiles.forEach(function (tile) {
      const picture = document.createElementNS(SVG, "image");
      Object.keys(tile).forEach(function (name) { picture.setAttribute(name, tile[name]); });
      picture.setAttribute("preserveAspectRatio", "none");
      picture.setAttribute("opacity", "0.6");
      ground.after(picture);
    });
    planHome.replaceChildren(document.importNode(drawn, true));
    dot = planHome.firstChild.lastChild;
    places = course.way.places.map(function (one) {
      return [course.from_s + one[0], one[1], one[2]];
    });
  }

  function draw() {
    box.hidden = false;
    keys.hidden = false;
    whole.hidden = part === null;
    if (plot) { plot.destroy(); }
    plot = new uPlot(options(box.clientWidth - 8), tables(), box);
    legend.hidden = false;
    legend.replaceChildren.apply(legend, course.probes.map(function (probe, n) {
      const one = document.createElement("span");
      const line = document.createElement("i");
      line.style.borderTopColor = colour(n);
      line.style.borderTopStyle = probe.judged ? "solid" : "dashed";
      one.append(line, probe.title);
      return one;
    }));
    home.dataset.drawn = String(Math.round(performance.now()));
  }

  async function load() {
    const asked = new URLSearchParams({
      lang: said.lang, columns: String(Math.max(200, Math.min(2000, window.innerWidth)))
    });
    if (part) { asked.set("from", part[0]); asked.set("to", part[1]); }
    try {
      const answer = await fetch("/shipments/" + encodeURIComponent(shipment) + "/course?" + asked);
      if (answer.status === 401) { window.location.reload(); return; }
      if (!answer.ok) { throw new Error(String(answer.status)); }
      course = await answer.json();
      draw();
      if (course.way) { window.setTimeout(showPlan); }  // the curve first
    } catch (error) {
      at.textContent = said.broken;
    }
  }

  box.addEventListener("keydown", function (event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!plot || step === undefined) { return; }
    event.preventDefault();
    const last = plot.data[0].length - 1;
    const now = plot.cursor.idx === null || plot.cursor.idx === undefined ? 0 : plot.cursor.idx;
    let n = Math.max(0, Math.min(last, now + step));
    while (n > 0 && n < last && plot.data.slice(1).every(function (one) { return one[n] === null; })) {
      n += step;
    }
    plot.setCursor({ left: plot.valToPos(plot.data[0][n], "x"), top: HEIGHT / 3 });
  });
  box.addEventListener("touchmove", function (event) {
    if (!plot || event.touches.length !== 1) { return; }
    const edge = plot.over.getBoundingClientRect();
    plot.setCursor({
      left: event.touches[0].clientX - edge.left, top: event.touches[0].clientY - edge.top
    });
  }, { passive: true });
  whole.addEventListener("click", function () { part = null; load(); });
  window.addEventListener("resize", function () {
    if (plot) { plot.setSize({ width: box.clientWidth - 8, height: HEIGHT }); }
  });
  load();

  /* On the way: what comes in is drawn at once, and asked for anew now and then, for the server alone
     says where a line ends; a change of what was found puts the server's words in the page. */
  if (!("live" in said)) { return; }
  const live = document.getElementById("live");
  const AGAIN_MS = 30000;
  const PAUSE_MS = 1500;
  const TOLD = ["sheet", "figures", "found-here", "lines", "what-happened"];
  let waiting = 0;
  let drawnAt = Date.now();

  function tell(state) {
    live.dataset.state = state;
    document.getElementById("live-text").textContent = live.dataset[state];
  }

  function append(told) {
    const second = Date.parse(told.time) / 1000;
    if (!plot || part) { return; }
    course.probes.forEach(function (probe) {
      const value = told.temperature[probe.name];
      const last = probe.time_s[probe.time_s.length - 1];
      if (typeof value !== "number" || !(second - course.from_s > last)) { return; }
      probe.time_s.push(second - course.from_s);
      probe.value_c.push(value);
      course.to_s = Math.max(course.to_s, second - course.from_s);
    });
    plot.setData(tables());
    if (Date.now() - drawnAt > AGAIN_MS) { drawnAt = Date.now(); load(); }
  }

  async function renew() {
    waiting = 0;
    let page;
    try {
      page = await window.coldwitnessPage();
    } catch (error) {
      return;  // the dot says that nothing comes; once it does, this is asked again
    }
    if (!page) { return; }
    TOLD.forEach(function (id) {
      const now = document.getElementById(id);
      const then = page.getElementById(id);
      if (!now || !then) { return; }
      const folded = now.querySelector("details.part:not([open])");
      if (folded) { then.querySelector("details.part").open = false; }
      now.replaceWith(then);
    });
    document.title = page.title;
    drawnAt = Date.now();
    load();
  }

  function ours(act) {
    return function (told) { if (told.shipment === shipment) { act(told); } };
  }

  function soon() {
    if (!waiting) { waiting = window.setTimeout(renew, PAUSE_MS); }
  }

  coldwitnessListen({
    state: tell, resumed: soon, reading: ours(append), verdict: ours(soon), finding: ours(soon), lost: soon
  });
})();
