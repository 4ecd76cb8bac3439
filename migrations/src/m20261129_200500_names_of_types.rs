//! The names of membership types and TIES rights in the words of the terminology. The rows are the only source of them:
//! names that an administrator has changed stay as they are.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, id, old, new) in NAMES {
            rename(manager, (table, id), old, new).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, id, old, new) in NAMES {
            rename(manager, (table, id), new, old).await?;
        }
        Ok(())
    }
}

async fn rename(
    manager: &SchemaManager<'_>,
    (table, id): (&'static str, &'static str),
    from: &str,
    to: &str,
) -> Result<(), DbErr> {
    let change = Query::update()
        .table(table)
        .value("names", to)
        .and_where(Expr::col("id").eq(id))
        .and_where(Expr::col("names").eq(from))
        .to_owned();
    manager.execute(change).await
}

/// Table, id, the names that the first migrations wrote, and those that they get.
const NAMES: [(&str, &str, &str, &str); 5] = [
    (
        "membership_types",
        "academia",
        r#"{"ar":"هيئة أكاديمية","en":"Academia","es":"Institución académica","fr":"Établissement universitaire","ru":"Академическая организация","zh":"学术成员"}"#,
        r#"{"ar":"هيئة أكاديمية","en":"Academia","es":"Institución Académica","fr":"Établissement universitaire","ru":"Академическая организация","zh":"学术成员"}"#,
    ),
    (
        "membership_types",
        "regional_international_organization",
        r#"{"ar":"منظمة إقليمية أو دولية","en":"Regional or international organization","es":"Organización regional o internacional","fr":"Organisation régionale ou internationale","ru":"Региональная или международная организация","zh":"区域性或国际组织"}"#,
        r#"{"ar":"منظمة إقليمية أو دولية","en":"Regional or international organization","es":"Organización regional o internacional","fr":"Organisation régionale ou internationale","ru":"Региональная или международная организация","zh":"区域性或国际性组织"}"#,
    ),
    (
        "membership_types",
        "un_organization",
        r#"{"ar":"منظمة تابعة للأمم المتحدة","en":"United Nations organization","es":"Organización de las Naciones Unidas","fr":"Organisation des Nations Unies","ru":"Организация системы ООН","zh":"联合国组织"}"#,
        r#"{"ar":"منظمة من منظومة الأمم المتحدة","en":"United Nations organization","es":"Organización del sistema de las Naciones Unidas","fr":"Organisation du système des Nations Unies","ru":"Организация системы ООН","zh":"联合国系统组织"}"#,
    ),
    (
        "membership_types",
        "non_member",
        r#"{"ar":"غير عضو","en":"Non-member","es":"No miembro","fr":"Non-membre","ru":"Не является членом","zh":"非成员"}"#,
        r#"{"ar":"جهة غير عضو في الاتحاد","en":"Not an ITU member","es":"No es miembro de la UIT","fr":"Non-membre de l’UIT","ru":"Не является Членом МСЭ","zh":"非国际电联成员"}"#,
    ),
    (
        "ties_right_types",
        "collaboration",
        r#"{"ar":"أدوات التعاون","en":"Collaboration tools","es":"Herramientas de colaboración","fr":"Outils de collaboration","ru":"Средства совместной работы","zh":"协作工具"}"#,
        r#"{"ar":"المواقع التعاونية","en":"Collaboration sites","es":"Sitios de colaboración","fr":"Sites de collaboration","ru":"Сайты для совместной работы","zh":"协作网站"}"#,
    ),
];
