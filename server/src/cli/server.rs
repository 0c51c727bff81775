//! `twofront serve`.

use std::process::ExitCode;

use super::opened::Opened;
use super::{Failure, print};
use crate::access::{Access, Settings};
use crate::config::{Place, Reach};
use crate::desk::closed;
use crate::leavers;
use crate::serve::{self, House, Stop};

/// Serves until asked to stop. A damaged or closed store is served for reading.
pub fn serve(place: &Place, reach: &Reach) -> Result<ExitCode, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::io("starting threads"))?;
    // Before the log is read, which may take a while: who asks to stop meanwhile is heard.
    let stop = {
        let _inside = runtime.enter();
        Stop::listen().map_err(Failure::io("listening for signals"))?
    };
    let Some(opened) = Opened::open_unless(place, || stop.is_asked())? else {
        tracing::info!("asked to stop before the log was read to its end; the store is closed");
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(why) = closed(&opened.office.state()) {
        tracing::error!(why, "nothing can be recorded; what is recorded can be read");
    }
    let access = Access::open(place.access())?;
    let settings = Settings {
        public_url: reach.public_url.clone(),
        beyond_loopback: !reach.listen.ip().to_canonical().is_loopback(),
        secure_cookies: reach.secure_cookies,
        behind_proxy: reach.behind_proxy,
    };
    if let Some(warning) = settings.warning() {
        tracing::warn!(listen = %reach.listen, "{warning}");
    }
    let office = opened.office.clone();
    let house = House {
        office: office.clone(),
        access: access.clone(),
        site: serve::site(reach.site.clone()),
        zone: reach.zone(),
        data: place.data().to_owned(),
    };
    let router = serve::router(house, &settings)?;
    let served = runtime.block_on(async {
        let listening = format!("listening on {}", reach.listen);
        let listener = tokio::net::TcpListener::bind(reach.listen).await.map_err(Failure::io(listening))?;
        let address = listener.local_addr().map_err(Failure::io("the address that is listened on"))?;
        let base = reach.base(address);
        print(&format!("Twofront listens on {base}\n"))?;
        if let Some(link) = access.first_start()? {
            print(&format!("Nobody can sign in yet. Set it up here, once: {base}{}\n", link.path()))?;
        }
        tokio::spawn(leavers::follow(office.clone(), access.clone()));
        serve::run(listener, router, office, stop.asked()).await;
        Ok(())
    });
    // Requests that were cut off must not keep the store from closing.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    drop(opened);
    tracing::info!("stopped; the store is closed");
    served.map(|()| ExitCode::SUCCESS)
}
